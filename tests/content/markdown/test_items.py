from tests.content.markdown.conftest import Html


def test_task_lists_are_signs_not_inputs(html: Html) -> None:
    out = html("- [x] a\n- [ ] b\n\n1. c\n\n   - [X] d")
    assert "<section>☑ a</section>" in out
    assert "<section>☐ b</section>" in out
    assert "☑ d" in out
    assert "<input" not in out


def test_items_of_a_tight_list_hold_a_section(html: Html) -> None:
    assert "<li>\n<section><strong>a</strong>: b</section>" in html("- **a**: b")
    assert "<p>" in html("- a\n\n- b")


def test_a_list_begins_where_its_author_begins_to_count(html: Html) -> None:
    assert '<ol start="3">' in html("3. c\n4. d")
