import re
from time import process_time
from typing import Any

import pytest
from markdown_it import MarkdownIt
from pygments.token import Token

from content.markdown.budget import Budget
from content.markdown.code import Highlighter, use_code
from content.options import RenderOptions
from content.refusals import CodeThemeUnknown
from sandbox.filters import ArticleFilter
from tests.content.conftest import Render, manuscript

PLAIN = {"code_header": False}
NBSP = "\u00a0"


def _html(
    code: str, info: str = "", *, theme: str = "default", budget_s: float = 10, **options: Any
) -> str:
    md = MarkdownIt()
    use_code(md)
    made = manuscript()
    made.options = RenderOptions(**{**PLAIN, **options})
    budget = Budget(budget_s, process_time, chars=10**9)
    env = {"highlighter": Highlighter(theme), "manuscript": made, "budget": budget}
    html: str = md.render(f"``````{info}\n{code}\n``````", env)
    return html


def _code(html: str) -> str:
    """The code alone, without colours."""
    return re.sub(r"</?span[^>]*>", "", html).partition("<code>")[2].partition("</code>")[0]


def test_indentation_blank_lines_and_tabs_survive() -> None:
    html = _html("a\n\n    b\n\tc\n\n\n d  e", "unknown-language")
    indent = NBSP * 4
    assert _code(html) == f"a<br><br>{indent}b<br>{indent}c<br><br><br>{NBSP}d{NBSP * 2}e"
    assert "\n" not in html.strip()


@pytest.mark.parametrize("language", ["", "go", "make"])
def test_a_tab_inside_a_line_ends_at_the_next_stop(language: str) -> None:
    assert _code(_html("a\tb\nabc\td", language)) == f"a{NBSP * 3}b<br>abc d"
    assert _code(_html("a := 1\t// x\n\tb\t= 2", language)) == (
        f"a := 1{NBSP * 2}// x<br>{NBSP * 4}b{NBSP * 3}= 2"
    )


def test_leading_blank_lines_are_kept_and_the_last_line_end_is_not() -> None:
    assert _code(_html("\n\nx", "python")) == "<br><br>x"
    assert _code(_html("x\n\n", "python")) == "x<br><br>"


def test_wechat_keeps_the_shape_of_code(render: Render) -> None:
    code = "def f():\n\n    if a:\n        return  1\t# x"
    stored = ArticleFilter().clean(render(f"```python\n{code}\n```", title="t")["content"])
    text = re.sub(r"<[^>]+>", "", stored.partition("<code")[2].replace("<br>", "\n"))
    shown = text.partition(">")[2].replace("&nbsp;", " ").replace(NBSP, " ")
    assert shown == code.expandtabs(4)


def test_spaces_between_words_stay_plain_and_small(render: Render) -> None:
    content = render("```go\nx := a + b // c\n  y\n```", title="t")["content"]
    assert content.count("&nbsp;") == 2


def test_known_languages_have_colours_in_style_attributes() -> None:
    html = _html("def f():\n    return 1  # x", "Python")
    assert '<span style="color:#420f67;font-weight:bold">def' in html
    assert "class=" not in html


@pytest.mark.parametrize("theme", ["default", "monokai", "github-dark", "one-dark", "vs"])
def test_the_html_of_colours_is_small(theme: str) -> None:
    html = _html("x = [foo(1, 'a'), bar]  # y\n\n\nclass A:\n    pass\n", "python", theme=theme)
    assert "<span></span>" not in re.sub(r' style="[^"]*"', "", html)
    styles = re.findall(r'<span style="([^"]*)">', html)
    assert all(styles)
    joined = re.findall(r'<span style="([^"]*)">[^<]*</span><span style="([^"]*)">', html)
    assert all(one != other for one, other in joined)
    background = re.search(r'<pre style="[^"]*;(color:[^;"]+)', html)
    assert background is None or background[1] not in styles


def test_the_header_is_three_dots_and_the_language_and_all_of_it_text() -> None:
    html = _html("x", "python", code_header=True)
    assert re.sub(r"<[^>]+>", "", html).strip() == "● ● ● pythonx"
    assert "● ● ●" in re.sub(r"<[^>]+>", "", _html("x", code_header=True))
    assert "●" not in _html("x", "python")


def test_a_title_stands_in_the_header_even_without_dots() -> None:
    assert re.sub(r"<[^>]+>", "", _html("x", 'py title="a<b.py"')).strip() == "a&lt;b.pyx"
    assert "main.go" in _html("x", "go:main.go", code_header=True)


def test_lines_are_numbered_and_colours_go_on_over_line_ends() -> None:
    html = _html('"""a\nb"""\n\n' + "x\n" * 8, "python", code_line_numbers=True)
    lines = [re.sub(r"<[^>]+>", "", line) for line in html.split("<br>")]
    assert lines[0] == f"{NBSP}1{NBSP * 2}&quot;&quot;&quot;a".replace("&quot;", '"')
    assert lines[9].startswith(f"10{NBSP * 2}x")
    for line in html.split("<br>"):
        assert line.count("<span") == line.count("</span>")


def test_named_lines_are_marked() -> None:
    html = _html("a\n\nb\nc", "text {2-3}")
    marked = re.findall(r'<span style="background-color:[^"]+">([^<]*)</span>', html)
    assert marked == [NBSP, "b"]


def test_long_lines_scroll_unless_they_are_to_wrap() -> None:
    assert "overflow-x:auto;white-space:nowrap" in _html("x")
    assert "word-break:break-all" in _html("x", code_wrap=True)
    assert "nowrap" not in _html("x", code_wrap=True)


@pytest.mark.parametrize("language", ["html", "", "nosuch", "<img src=x onerror=alert(1)>"])
def test_code_and_language_are_escaped(language: str) -> None:
    html = _html("<img src=x onerror=alert(1)> &amp;", language, code_header=True)
    assert "<img" not in html
    assert "&amp;amp;" in _code(html)


def test_code_whose_colours_take_too_long_is_complete_and_said_to_be_plain(
    render: Render,
) -> None:
    code = "(" * 8_000
    result = render(f"```make\n{code}\n```", title="t")
    assert code in result["content"]
    assert [warning["code"] for warning in result["warnings"]] == ["code_not_highlighted"]
    assert "color:#" not in _code(_html("def f(): pass", "python", budget_s=0))


def test_an_unknown_style_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CodeThemeUnknown) as caught:
        Highlighter("../x")
    assert "friendly" in str(caught.value.values["known"])


def test_kinds_that_a_lexer_makes_itself_look_as_what_they_are_part_of() -> None:
    token = Token.Literal.Scalar.Nobody.Knows
    assert Highlighter("default")._css_of(token) == Highlighter("default")._css_of(Token.Literal)
