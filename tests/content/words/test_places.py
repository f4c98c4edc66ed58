import pytest

from content.words.folding import Folding
from content.words.places import Source

FOLDING = Folding(separators=True)


def markdown(text: str) -> Source:
    return Source(text, FOLDING, is_markdown=True)


def test_a_word_is_found_through_its_markup() -> None:
    source = markdown("一\n\n> 前 **敏**[感](http://a.b/感词)_词_ 后\n")
    assert source.locate("一前", "敏感词", "后") == (3, 7)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_markdown_lets_them(end: str) -> None:
    assert markdown(f"一{end}{end} 词").locate("", "词", "") == (3, 2)


def test_of_many_places_the_one_with_these_neighbours_is_meant() -> None:
    source = markdown("第一处敏感词在此\n\n第二处敏感词在此\n\n第三处敏感词在此\n")
    assert source.locate("第三处", "敏感词", "在此") == (5, 4)
    assert source.locate("第一处", "敏感词", "在此") == (1, 4)


def test_the_same_twice_is_two_places() -> None:
    source = markdown("敏感词\n\n敏感词\n")
    assert [source.locate("", "敏感词", "") for _ in range(2)] == [(1, 1), (3, 1)]


def test_numbers_of_references_and_footnotes_do_not_matter() -> None:
    source = markdown("看[这里](http://x)的词[^1]\n\n写那里的词")
    assert source.locate("看这里[1]的", "词", "[2]") == (1, 17)


def test_tags_and_attributes_of_html_are_not_text() -> None:
    source = Source('<p title="词">\n甲<b>词</b></p>', FOLDING, is_markdown=False)
    assert source.locate("甲", "词", "") == (2, 5)


def test_what_is_not_there_has_no_place() -> None:
    assert markdown("&#25935;感").locate("", "敏感", "") is None
    assert markdown("x").locate("", "★", "") is None
