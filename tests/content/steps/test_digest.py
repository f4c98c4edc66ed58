import pytest

from content.steps.digest import add_digest, cut
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
