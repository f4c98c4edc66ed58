from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from content.words.entries import entries_of
from content.words.matcher import Matcher


def matcher(*lists: str, separators: bool = True) -> Matcher:
    named = [(f"{at}.txt", entries_of(text)) for at, text in enumerate(lists)]
    return Matcher(named, separators=separators)


def found(made: Matcher, text: str) -> list[str]:
    return [text[match.start : match.end] for match in made.find(text)]


def test_words_are_found_in_every_spelling_and_given_as_written() -> None:
    text = "一个敏感詞，两个敏 * 感词，三个ＶＸ"
    assert found(matcher("敏感词\nvx"), text) == ["敏感詞", "敏 * 感词", "ＶＸ"]


def test_a_list_may_be_written_in_any_spelling_too() -> None:
    assert found(matcher("敏感詞\nＶ信"), "敏感词 v信") == ["敏感词", "v信"]


def test_the_longest_word_counts() -> None:
    (match,) = matcher("最佳\twarn\n最佳团队").find("我们的最佳团队")
    assert (match.entry.word, match.entry.level) == ("最佳团队", "block")


def test_a_longer_word_can_be_allowed() -> None:
    assert found(matcher("最佳\n最佳实践\tallow"), "最佳实践是最佳") == ["最佳"]


def test_of_lists_that_share_a_word_the_last_counts() -> None:
    (match,) = matcher("甲", "乙\n甲\twarn").find("甲")
    assert (match.entry.level, match.list) == ("warn", "1.txt")


def test_a_part_of_a_latin_word_is_no_word() -> None:
    made = matcher("ass\n123")
    assert found(made, "class assess 1234 ass-1 加ass吗 123元") == ["ass", "ass", "123"]


def test_separators_count_when_they_are_not_to_be_skipped() -> None:
    assert found(matcher("敏感词", separators=False), "敏*感词 敏\u200b感词") == ["敏\u200b感词"]


def test_an_empty_list_finds_nothing() -> None:
    assert found(matcher("* *\n"), "任何 * * 文字") == []


@given(st.text(alphabet="甲乙a1 *㈱\u200bＡ", max_size=40))
def test_matches_are_in_order_and_apart(text: str) -> None:
    matches = matcher("甲乙\n甲\n乙a\n(株)\na 1").find(text)
    assert all(one.end <= other.start for one, other in pairwise(matches))
    assert all(0 <= match.start < match.end <= len(text) for match in matches)
