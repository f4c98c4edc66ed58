import pytest

from content.steps.markdown import MarkdownRenderer
from tests.content.conftest import manuscript


@pytest.fixture(scope="module")
def renderer() -> MarkdownRenderer:
    return MarkdownRenderer()


def _html(renderer: MarkdownRenderer, text: str) -> str:
    made = manuscript(text, code_theme="default")
    renderer.render(made)
    return made.html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("|a|b|\n|:-|-:|\n|1|2|", '<td style="text-align:right">2</td>'),
        ("~~x~~", "<s>x</s>"),
        ("见 https://a.com/b?c=1&d=2 。", '<a href="https://a.com/b?c=1&amp;d=2">'),
        ("<b>raw</b> <!-- c -->", "<b>raw</b> <!-- c -->"),
        ('"quotes" -- (c)', "&quot;quotes&quot; -- (c)"),
        ("第一行\n第二行", "第一行第二行"),
        ("line one\nline two", "line one line two"),
        ("a  \nb", "<br />"),
        ("```py\nx\n```", "<pre"),
        ("    x", "<pre"),
        ("> [!NOTE]\n> a", "markdown-alert"),
    ],
)
def test_gfm_is_rendered(renderer: MarkdownRenderer, text: str, html: str) -> None:
    assert html in _html(renderer, text)


def test_a_file_name_is_no_link(renderer: MarkdownRenderer) -> None:
    assert "<a" not in _html(renderer, "README.md 与 a@b.com 与 example.com")


def test_a_picture_of_a_forbidden_kind_is_kept_for_a_clear_error(
    renderer: MarkdownRenderer,
) -> None:
    assert '<img src="file:///etc/passwd"' in _html(renderer, "![](file:///etc/passwd)")


def test_html_passes_as_it_is(renderer: MarkdownRenderer) -> None:
    made = manuscript("<p>**a**</p>", is_markdown=False)
    renderer.render(made)
    assert made.html == "<p>**a**</p>"
