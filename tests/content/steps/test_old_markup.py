import pytest

from content.manuscript import Body
from content.steps.old_markup import use_old_markup
from tests.content.conftest import Render, manuscript


def _used(html: str) -> str:
    body = Body(html)
    use_old_markup(manuscript(html), body)
    return body.serialize()


@pytest.mark.parametrize(
    ("before", "style"),
    [
        ('<p align="Center">a</p>', "text-align:center"),
        ('<div align=right style="color:red">a</div>', "text-align:right;color:red"),
        ("<center>a</center>", "text-align:center"),
        ('<font color="#ff0000" size=5>a</font>', "font-size:24px;color:#ff0000"),
        ("<table><tbody><tr><td bgcolor=gold>a</td></tr></tbody></table>", "background-color:gold"),
    ],
)
def test_attributes_of_old_become_styles(before: str, style: str) -> None:
    assert f'style="{style}"' in _used(before)


@pytest.mark.parametrize(
    "html",
    ['<p align="x">a</p>', '<p align="center;position:fixed">a</p>', '<font color="a;b">a</font>'],
)
def test_what_makes_no_sense_becomes_nothing(html: str) -> None:
    assert "style" not in _used(html)


def test_html_in_markdown_passes_as_far_as_wechat_keeps_it(render: Render) -> None:
    text = (
        '<div align="center">\n\n**粗** <u>线</u><br>x <!-- more -->\n\n</div>\n\n<kbd>Ctrl</kbd>'
    )
    html = render(text, title="t", theme="blank")["content"]
    assert "text-align:center" in html
    assert "<u>线</u><br>x" in html
    assert ">Ctrl</kbd>" in html
    assert "more" not in html
    assert "div" not in html


def test_what_runs_in_markdown_is_gone_with_its_content(render: Render) -> None:
    html = render("<script>alert(1)</script>\n\n字 <iframe src=//e></iframe>", title="t")["content"]
    assert "alert" not in html
    assert "iframe" not in html
    assert "字" in html
