import pytest

from content.manuscript import Manuscript
from content.markdown.footnotes import circled
from tests.content.markdown.conftest import Html


def _text(html: str) -> str:
    return html.replace("\n", "")


def test_notes_are_numbered_in_the_order_of_their_use(html: Html) -> None:
    out = _text(html("甲[^b]乙[^a]丙[^b]。\n\n[^a]: 后\n[^b]: 先"))
    first, notes = out.split('<section class="references footnotes">')
    assert first.count("①") == 2
    assert first.index("①") < first.index("②")
    assert "<p>① 先</p>" in notes
    assert "<p>② 后</p>" in notes
    assert "注释" in notes


def test_nothing_depends_on_anchors(html: Html) -> None:
    out = html("a[^1]\n\n[^1]: b")
    assert "<a" not in out
    assert "id=" not in out


def test_a_note_may_stand_in_the_text_and_hold_marks_and_notes(html: Html) -> None:
    out = _text(html("a^[一 **粗** ^[内]] b^[二]"))
    assert "<p>① 一 <strong>粗</strong> " in out
    assert "<p>② 内</p>" in out
    assert "<p>③ 二</p>" in out


@pytest.mark.parametrize(
    ("note", "shown"),
    [
        ("[^1]: 一\n\n    二", "<p>① 一</p><p>二</p>"),
        ("[^1]: - 项", "<p>① </p><ul>"),
        ("[^1]:\n    ```\n    x\n    ```", "<p>① </p>"),
        ("[^1]: ", "<p>① </p></section>"),
    ],
)
def test_whatever_a_note_holds_its_number_stands_before_it(
    html: Html, note: str, shown: str
) -> None:
    assert shown in _text(html("x[^1]\n\n" + note))


@pytest.mark.parametrize("text", ["x[^1]", "x[^]", "x[^a b]\n\n[^a]: c", "x^[", "x^[]"])
def test_what_is_no_note_stays_text(html: Html, text: str) -> None:
    assert "footnotes" not in html(text) or text == "x^[]"


def test_a_note_that_nobody_refers_to_is_named(html: Html) -> None:
    made = Manuscript(text="", is_markdown=True)
    assert "没人提" not in html("a[^1]\n\n[^1]: b\n[^2]: 没人提", made)
    assert [warning["code"] for warning in made.warnings] == ["footnote_unused"]
    assert "[^2]" in made.warnings[0]["message"][0]


def test_circles_go_to_fifty() -> None:
    assert [circled(n) for n in (1, 20, 21, 35, 36, 50, 51)] == [
        *("①", "⑳", "㉑", "㉟", "㊱", "㊿", "(51)")
    ]
