import pytest

from content.steps.digest import add_digest, beginning, cut
from tests.content.conftest import manuscript


def test_the_digest_is_the_beginning_of_the_prose() -> None:
    made = manuscript(
        "<h1>T</h1><pre>code</pre><p>第一<b>段</b>。</p><table><tr><td>x</td></tr></table><p>二</p>"
    )
    add_digest(made)
    assert made.fields["digest"] == "第一段。 二"


def test_a_given_digest_stays() -> None:
    made = manuscript("<p>x</p>", digest="mine")
    add_digest(made)
    assert made.fields["digest"] == "mine"


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("短", 5, "短"),
        ("一二三四五", 5, "一二三四五"),
        ("一二三四五六", 5, "一二三四…"),
        ("one two three", 10, "one two…"),
        ("家👨‍👩‍👧人人人人", 5, "家…"),
        ("一二三，四五", 5, "一二三…"),
        ("x" * 20, 5, "xxxx…"),
    ],
)
def test_the_cut_is_clean(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit) == expected
    assert len(expected) <= limit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一二三。四五六。七八九十", "一二三。四五六。"),
        ("一二三四五六七八九十。一", "一二三四五六七八九十。"),
        ("一。二三四五六七八九十一二三四。五", "一。二三四五六七八九十一二三四。"),
        ("一二三四五六七八九十一二三四五六七八九十", "一二三四五六七八九…"),
        ("他说：“好。”然后走了很远很远", "他说：“好。”"),
        ("Use 3.14 now. Then stop it", "Use 3.14 now."),
        ("一二三四五六七八九十一二", "一二三四五六七八九十一二"),
        ("短", "短"),
    ],
)
def test_whole_sentences_are_taken_where_they_are_not_too_long(text: str, expected: str) -> None:
    assert beginning(text, 10, 16) == expected


def test_by_the_strict_reading_it_fits_into_its_bytes() -> None:
    made = manuscript("<p>" + "字" * 100 + "</p>")
    made.length_rule = "strict"
    add_digest(made)
    digest = str(made.fields["digest"])
    assert digest.endswith("…")
    assert 100 < len(digest.encode()) <= 120
