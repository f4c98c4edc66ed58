from content.lint.page import Page
from content.lint.rule import Position
from content.manuscript import Manuscript

TEXT = "---\r\ntitle: 题\r\ncover: a.png\r\n---\r\n正文\n第二行\r第三行"


def _page(source: str, text: str) -> Page:
    return Page(Manuscript(text=text, source=source, is_markdown=True))


def test_places_are_counted_over_all_kinds_of_line_ends() -> None:
    page = _page(TEXT, TEXT)
    for word, place in (("正文", (5, 1)), ("二", (6, 2)), ("第三行", (7, 1))):
        at = TEXT.index(word)
        assert page.position(at) == place
        assert page.offset(Position(*place)) == at
    assert page.offset(Position(6)) == TEXT.index("第二行")
    assert page.lines[6] == "第三行"


def test_the_head_is_what_the_text_does_not_begin_with() -> None:
    page = _page(TEXT, TEXT[TEXT.index("正文") :])
    assert page.head.endswith("---\r\n")
    assert page.field_position("cover") == (3, 1)
    assert page.field_position("author") is None


def test_html_and_a_text_that_was_changed_have_no_head() -> None:
    assert _page(TEXT, "x").head == ""
    assert Page(Manuscript(text="b", source="ab", is_markdown=False)).head == ""
