import re

import pytest

from tests.content.markdown.conftest import Html


def _lines(html: str) -> str:
    return html.replace("\n", "")


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("NOTE", "备注"),
        ("tip", "提示"),
        ("IMPORTANT", "重要"),
        ("Warning", "警告"),
        ("CAUTION", "注意"),
    ],
)
def test_alerts_and_boxes_of_a_kind_look_alike(html: Html, kind: str, title: str) -> None:
    alert = _lines(html(f"> [!{kind}]\n> 内容"))
    box = _lines(html(f"::: {kind.lower()}\n内容\n:::"))
    assert alert == box.replace("<section", "<div").replace("</section", "</div")
    assert f'<p class="markdown-alert-title">{title}</p><p>内容</p>' in alert
    assert f"markdown-alert-{kind.lower()}" in alert


@pytest.mark.parametrize(
    ("text", "out"),
    [
        (
            "::: info\nx\n:::",
            (
                '<section class="markdown-alert markdown-alert-note">'
                '<p class="markdown-alert-title">信息</p><p>x</p></section>'
            ),
        ),
        (
            "::: tip 标题 **粗** {.red}\nx\n:::",
            (
                '<section class="markdown-alert markdown-alert-tip red">'
                '<p class="markdown-alert-title">标题 <strong>粗</strong></p><p>x</p></section>'
            ),
        ),
        (":::card\nx\n:::\ny", '<section class="card"><p>x</p></section><p>y</p>'),
        ("::: {.card .big}\nx\n:::", '<section class="card big"><p>x</p></section>'),
        ("::: a\nx", '<section class="a"><p>x</p></section>'),
        ("a\n::: b\nc\n:::\nd", '<p>a</p><section class="b"><p>c</p></section><p>d</p>'),
        ("- a\n  ::: b\n  c\n  :::\n- d", None),
        (
            "> ::: b\n> c\n\nd",
            '<blockquote><section class="b"><p>c</p></section></blockquote><p>d</p>',
        ),
    ],
)
def test_a_block_between_colons_is_a_section(html: Html, text: str, out: str | None) -> None:
    shown = _lines(html(text))
    assert shown == out if out else '<section class="b"><p>c</p></section></li>' in shown


@pytest.mark.parametrize("text", [":::", "::: 中文", ":: tip\nx\n::", "    ::: tip", "::: {x}"])
def test_other_colons_are_text(html: Html, text: str) -> None:
    assert "<section" not in html(text)


def test_boxes_in_boxes_may_all_have_three_colons(html: Html) -> None:
    out = _lines(html("::: a\n::: b\nx\n:::\ny\n:::\nz"))
    assert (
        out == '<section class="a"><section class="b"><p>x</p></section><p>y</p></section><p>z</p>'
    )
    assert _lines(html(":::: a\n::: b\nx\n:::\ny\n::::\nz")) == out


@pytest.mark.parametrize(
    ("columns", "widths"),
    [
        (["column", "column"], ["48%", "48%"]),
        (["column", "column", "column"], ["31.33%"] * 3),
        (["column", "{.column width=60%}"], ["36%", "60%"]),
        (["column {width=100px}", "column"], ["100px", "96%"]),
    ],
)
def test_columns_share_what_width_is_left(
    html: Html, columns: list[str], widths: list[str]
) -> None:
    inner = "".join(f"::: {column}\nx\n:::\n" for column in columns)
    out = html(f"::: columns\n{inner}:::")
    assert re.findall(r"[^-]width:([^;]+)", out) == widths
    assert out.count("display:inline-block;vertical-align:top") == len(columns)


def test_a_column_alone_is_a_section(html: Html) -> None:
    assert html("::: column\nx\n:::").startswith('<section class="column">')
