import pytest

from content.manuscript import Manuscript
from tests.content.markdown.conftest import Html


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("第一行\n第二行", "第一行第二行"),
        ("line one\nline two", "line one line two"),
        ("中文\nb", "中文 b"),
        ("**粗**\n*斜*", "<strong>粗</strong><em>斜</em>"),
        ("a**粗**\n文", "a<strong>粗</strong>文"),
        ("`码`\n文", "<code>码</code>文"),
        ("中  \n文", "中<br />\n文"),
        ("中\\\n文", "中<br />\n文"),
    ],
)
def test_lines_of_chinese_join_without_a_gap(html: Html, text: str, inner: str) -> None:
    assert html(text) == f"<p>{inner}</p>\n"


def test_a_picture_stands_apart(html: Html) -> None:
    assert html("中\n![](a.png)").startswith("<p>中 <img")


def test_the_lines_of_a_newspic_stay_lines(html: Html) -> None:
    made = Manuscript(text="", is_markdown=True, article_type="newspic")
    assert html("一\n二", made) == "<p>一<br>二</p>\n"
