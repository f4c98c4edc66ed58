from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from content.refusals import FrontMatterInvalid
from content.steps.markdown import MarkdownRenderer
from content.templated import as_text, fill_template
from tests.content.conftest import Render, manuscript

NASTY = (
    "*a* _b_ **c** <b>d</b> [x](y) ![p](q) `r` # h ~~s~~ ==t== $u$ :smile: {{product:1}} &amp; "
    "https://x.y/a_b?c=1&d=2 | v | ^[n] H~2~O {.lead} [汉字]{hàn}"
)


def made(text: str, **values: Any) -> str:
    types = {name: "markdown" if name == "md" else "string" for name in values}
    request = {
        "kind": "article",
        "entry": "t",
        "texts": {"t": text},
        "values": values,
        "types": types,
        "at": 0.0,
        "account": "",
    }
    return str(fill_template(request)[0]["text"])


def shown(markdown: str) -> str:
    """What readers see of a Markdown text."""
    page = manuscript(markdown, code_theme="default")
    MarkdownRenderer().render(page)
    return LexborHTMLParser(page.html, is_fragment=True).text().strip()


def test_a_value_is_shown_as_it_was_typed() -> None:
    assert shown(made("{{ x }}", x=NASTY)) == NASTY


@pytest.mark.parametrize(
    "value", ["- a", "+ a", "1. a", "1) a", "# a", "> a", "---", "===", "    a", "\ta", "| a |"]
)
def test_no_value_begins_a_list_a_heading_or_a_block_of_code(value: str) -> None:
    page = manuscript(made("before\n\n{{ x }}", x=value), code_theme="default")
    MarkdownRenderer().render(page)
    assert [node.tag for node in LexborHTMLParser(page.html, is_fragment=True).css("*")] == [
        "p",
        "p",
    ]


@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=60))
def test_nor_does_any_other(value: str) -> None:
    told = shown("x" + as_text(value) + "x")
    assert told == f"x{value}x"


def test_markdown_is_markdown() -> None:
    assert made("{{ md }} {{ x | markdown }} {{ x }}", md="**a**", x="*b*") == (
        "**a** *b* &#42;b&#42;"
    )


def test_values_are_good_in_links_and_attributes(render: Render) -> None:
    url = "https://mp.weixin.qq.com/s/a_b(c)?d=1&e=2"
    article = render(
        made(
            '# 题\n\n[{{ t }}]({{ u }}) ![]({{ i }}) <img src="{{ i }}">',
            t="a]b",
            u=url,
            i="a_b.png",
        )
    )
    page = LexborHTMLParser(article["content"], is_fragment=True)
    link = page.css_first("a")
    assert link is not None
    assert (link.attributes["href"], link.text()) == (url, "a]b")
    assert [image["src"] for image in article["images"]] == ["a_b.png"]


@pytest.mark.parametrize(
    "quoted", ["{{ x }}", '"{{ x }}"', "'{{ x }}'", "{{ x }}周报", ">\n  {{ x }}"]
)
@pytest.mark.parametrize(
    "value", ['a: "b" # c', "'", "{a}", "[b]", "- d", "!e", "yes", "null", "---", "*f", "\\n", "%"]
)
def test_no_value_breaks_the_front_matter(render: Render, quoted: str, value: str) -> None:
    article = render(made(f"---\ntitle: {quoted}\nauthor: 甲\n---\n\n正文", x=value))
    assert (article["title"].removesuffix("周报"), article["author"]) == (value, "甲")


def test_no_value_adds_a_field_or_ends_the_front_matter(render: Render) -> None:
    text = "---\ntitle: {{ x }}\n---\n\n{{ x }}"
    article = render(made(text, x="a\nauthor: 乙\n---\n"))
    assert article["author"] == ""
    assert "author: 乙" in article["title"]


def test_the_front_matter_keeps_lists_switches_and_options(render: Render) -> None:
    text = (
        "---\ntitle: a\nneed_open_comment: {{ flag }}\ntags: [{{ x }}, b]\nempty:\n"
        "options:\n  captions: false\n---\n\nb"
    )
    markdown = made(text, flag="true", x="c]d")
    assert 'tags: ["c]d", "b"]\nempty: null\noptions: {"captions": "false"}' in markdown
    article = render(markdown)
    assert article["need_open_comment"] is True
    assert article["options"]["captions"] is False


def test_what_is_no_front_matter_is_text() -> None:
    assert made("---\na text\n---\n{{ x }}", x="b*") == "---\na text\n---\nb&#42;"
    with pytest.raises(FrontMatterInvalid):
        made("---\ntitle: [\n---\n{{ x }}", x="b")
