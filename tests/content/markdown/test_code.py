import re

import pytest

from content.markdown.code import Highlighter
from content.refusals import CodeThemeUnknown


@pytest.fixture(scope="module")
def highlighter() -> Highlighter:
    return Highlighter("default")


def test_indentation_blank_lines_and_tabs_survive(highlighter: Highlighter) -> None:
    html = highlighter.render("a\n\n    b\n\tc\n", "unknown-language")
    nbsp = "\u00a0" * 4
    assert f"<code>a<br><br>{nbsp}b<br>{nbsp}c</code>" in html
    assert "\n" not in html.strip()


def test_known_languages_have_colours_in_style_attributes(highlighter: Highlighter) -> None:
    html = highlighter.render("def f():\n    return 1  # x", "Python")
    assert '<span style="color:#008000;font-weight:bold">def' in html
    assert "class=" not in html


def test_leading_blank_lines_are_kept_and_the_last_line_end_is_not(
    highlighter: Highlighter,
) -> None:
    html = re.sub(r"</?span[^>]*>", "", highlighter.render("\n\nx\n", "python"))
    assert "<code><br><br>x</code>" in html


@pytest.mark.parametrize("language", ["../../etc/passwd", "nosuch", "", "py\x00", "a" * 9_000])
def test_an_unknown_language_is_plain_and_never_guessed(
    highlighter: Highlighter, language: str
) -> None:
    assert "<span" not in highlighter.render("def f(): pass", language)


def test_code_is_escaped(highlighter: Highlighter) -> None:
    for language in ("html", ""):
        html = highlighter.render("<img src=x onerror=alert(1)> &amp;", language)
        assert "<img" not in html
        assert "&amp;amp;" in html.replace("<span", "").replace("</span>", "")


def test_an_unknown_style_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CodeThemeUnknown) as caught:
        Highlighter("../x")
    assert "friendly" in str(caught.value.values["known"])
