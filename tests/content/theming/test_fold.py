from time import process_time

import pytest

from content.theming.fold import Folder

BASE = "font-size:16px;color:#333;line-height:1.75"


def fold(html: str) -> str:
    return Folder().fold(html)


def test_what_the_parent_says_is_not_said_again() -> None:
    assert fold(
        f'<section style="{BASE}"><li style="font-size:16px;margin:0">a</li></section>'
    ) == (f'<section style="{BASE}"><li style="margin:0">a</li></section>')


def test_a_paragraph_always_says_its_colour() -> None:
    html = fold(f'<section style="{BASE}"><p style="{BASE}">a</p></section>')
    assert '<p style="color:#333">a</p>' in html


def test_what_another_said_in_between_is_said_again() -> None:
    html = '<section style="font-size:16px"><blockquote style="font-size:15px"><p style="font-size:16px">a</p></blockquote></section>'
    assert fold(html) == html


@pytest.mark.parametrize(
    ("tag", "style"),
    [
        ("h2", "font-size:16px"),
        ("strong", "font-weight:400"),
        ("code", "font-size:16px"),
        ("a", "color:#333"),
        ("em", "font-style:normal"),
    ],
)
def test_what_the_browser_would_set_otherwise_is_said(tag: str, style: str) -> None:
    html = f'<section style="{style}"><{tag} style="{style}">a</{tag}></section>'
    assert fold(html) == html


def test_a_length_relative_to_the_element_is_no_repetition() -> None:
    html = '<section style="font-size:1.2em"><li style="font-size:1.2em">a</li></section>'
    assert fold(html) == html


def test_a_font_shorthand_sets_all_of_the_font() -> None:
    html = '<section style="font-size:16px"><code style="font:14px Menlo"><span style="font-size:16px">a</span></code></section>'
    assert fold(html) == html


def test_needless_spans_and_empty_styles_go() -> None:
    assert fold('<p><span class="x">a</span><span style="">b</span></p>') == "<p>ab</p>"
    assert fold('<p><span style="color:red"><span>a</span></span></p>') == (
        '<p><span style="color:red">a</span></p>'
    )


def test_an_inline_element_without_a_box_needs_none() -> None:
    assert fold(
        '<code style="padding:0;background-color:transparent;border-radius:0">a</code>'
    ) == ("<code>a</code>")
    assert fold('<li style="padding:0">a</li>') == '<li style="padding:0">a</li>'


def test_what_wechat_drops_goes_at_once() -> None:
    assert fold('<p style="position:fixed;color:red">a</p>') == '<p style="color:red">a</p>'


def test_thousands_of_declarations_take_no_longer_than_their_length() -> None:
    def seconds(count: int) -> float:
        style = ";".join(f"a{number}:x" for number in range(count))
        started = process_time()
        fold(f'<p style="{style}">a</p>')
        return process_time() - started

    assert seconds(20_000) < 40 * seconds(2_000) + 0.05


def test_text_and_attributes_are_left_alone() -> None:
    html = '<p>1 &lt; 2 &amp; style="x"</p><img alt="a > b <p style=" src="x">'
    assert fold(html) == html
    svg = '<svg><foreignObject style="color:red">a</foreignObject></svg>'
    assert fold(svg) == svg


def test_quotes_in_a_style_stay_escaped() -> None:
    assert fold('<p style="font-family:&quot;A B&quot;">a</p>') == (
        "<p style=\"font-family:'A B'\">a</p>"
    )


def test_markup_that_no_serializer_writes_does_no_harm() -> None:
    assert fold("</p><p>a</b></p>") == "</p><p>a</b></p>"
