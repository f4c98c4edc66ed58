import pytest

from content.manuscript import Body
from content.steps.lists import flatten_lists
from tests.content.conftest import manuscript


def _flat(before: str) -> str:
    body = Body(before)
    flatten_lists(manuscript(), body)
    return body.serialize().replace(' style="padding-left:1.2em"', "")


def _deep(*lines: str) -> str:
    items = "".join(f'<section class="deep-item">{line}</section>' for line in lines)
    return f'<section class="deep-list">{items}</section>'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<ul><li>a<ul><li>b</li></ul></li></ul>", "<ul><li>a</li><ul><li>b</li></ul></ul>"),
        (
            "<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>",
            "<ol><li>a</li><ul><li>b</li></ul><li>c</li></ol>",
        ),
        (
            "<ul><li>a<ul><li>b</li></ul><ol><li>c</li></ol></li></ul>",
            "<ul><li>a</li><ul><li>b</li></ul><ol><li>c</li></ol></ul>",
        ),
    ],
)
def test_a_nested_list_follows_its_item(before: str, after: str) -> None:
    assert _flat(before) == after


def test_a_list_before_more_of_its_item_is_written_out_where_it_stands() -> None:
    html = _flat("<ul><li>a<ul><li>b</li></ul>tail</li></ul>")
    assert html == f"<ul><li>a{_deep('• b')}tail</li></ul>"


def test_the_third_level_is_lines_that_keep_their_numbers() -> None:
    html = _flat("<ul><li>a<ul><li>b<ol start=3><li>c</li><li>d</li></ol></li></ul></li></ul>")
    assert html == f"<ul><li>a</li><ul><li>b{_deep('3. c', '4. d')}</li></ul></ul>"


def test_a_mark_stands_inside_the_paragraph_it_begins() -> None:
    html = _flat(
        "<ul><li><ul><li><ul>\n<li>\n<section>a <b>c</b></section></li><li><p><b>d</b></p></li>"
        "<li></li></ul></li></ul></li></ul>"
    )
    assert "<section>• a <b>c</b></section>" in html
    assert "<p>• <b>d</b></p>" in html
    assert '<section class="deep-item">• </section>' in html


def test_however_deep_no_list_is_left_inside_an_item() -> None:
    body = Body("<ul><li>a" * 40 + "</li></ul>" * 40)
    flatten_lists(manuscript(), body)
    assert body.css("li ul, li ol, ul ul ul") == []
    assert body.plain().replace("• ", "") == "a" * 40
