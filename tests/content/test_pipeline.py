import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from content.pipeline import Pipeline
from content.refusals import SensitiveWords
from content.workers import WorkerPool, WorkRefused
from core.errors import GatewayError
from tests.content.conftest import Render, request

ARTICLE = """---
title: 来自文首
digest: 摘要
---
# 大标题

正文 **粗体：**见 [链接](https://a.com/x)。

- [x] 做完
- 二
  1. 嵌套

| a | b |
|---|---|
| 1 | 2 |

```python
def f():

    return 1
```

![图](<图 片/一.png>)
"""


def test_a_whole_article_survives_wechats_filter(render: Render) -> None:
    result = render(ARTICLE, author="王")
    content = result["content"]
    for banned in ("class=", "id=", "<div", "<style", "<input", "<script", "href="):
        assert banned not in content
    assert (result["title"], result["digest"], result["author"]) == ("来自文首", "摘要", "王")
    assert result["images"] == [{"src": "%E5%9B%BE%20%E7%89%87/%E4%B8%80.png", "alt": "图"}]
    assert "☑ 做完" in content
    assert "overflow-x:auto" in content
    assert "&nbsp;&nbsp;&nbsp;&nbsp;" in content
    assert "[1] 链接: https://a.com/x" in content


def test_every_block_has_its_own_style(render: Render) -> None:
    tree = LexborHTMLParser(render(ARTICLE)["content"], is_fragment=True)
    for tag in ("p", "li", "h1", "pre", "th", "td", "table", "img", "ul"):
        nodes = tree.css(tag)
        assert nodes, tag
        assert all(node.attributes.get("style") for node in nodes), tag


def test_defaults_front_matter_and_the_caller_rank_in_this_order(render: Render) -> None:
    text = "---\ntheme: nosuch\n---\nx"
    with pytest.raises(GatewayError, match="nosuch"):
        render(text)
    assert render(text, theme="default")["content"]


def test_html_articles_take_the_same_way_without_markdown_and_theme(render: Render) -> None:
    result = render(
        html='<html><head><title>t</title></head><body><h1>题</h1><div><p style="color:red">**a**'
        '</p><img data-src="//a.com/x.png"><a href="https://b.com">b</a></div></body></html>'
    )
    assert result["title"] == "题"
    assert (
        '<section><p style="color:red">**a**</p><img src="https://a.com/x.png"' in result["content"]
    )
    assert "[1]" in result["content"]
    assert "line-height" not in result["content"]


def test_templates_and_formats_in_the_text_are_kept_literally(render: Render) -> None:
    text = "{{7*7}} ${j:x} %n {0.x} {url}"
    assert text in render(text, title=text)["content"]


def _repeat(*parts: str) -> str:
    before, middle, after = parts
    return (before * 20_000)[:30_000] + middle + (after * 20_000)[:30_000]


@pytest.mark.parametrize(
    "text",
    [
        *(
            _repeat(part, "x", "")
            for part in ("[", "*a ", "_", "`", "![", "<", "&", "(", "> ", "\\")
        ),
        *(
            _repeat(part, "x", "")
            for part in ("- ", "* a\n", "|", "a|b\n", "#", "~~", "[a](", "$[")
        ),
        *(
            _repeat(part, "x", "")
            for part in ('"a', "'", "<!--", "http://", "a@b.", "\t", "*a **a ")
        ),
        _repeat("[", "a", "](b)"),
        _repeat("**x", "a", "**"),
        _repeat("`" * 3, "a", ""),
        "\n".join("  " * depth + "- a" for depth in range(200)),
        "".join(f"[{n}]: x\n" for n in range(5_000)),
        "\n".join("`" * n for n in range(300)),
    ],
)
async def test_runs_of_marks_are_rendered_within_the_time_of_a_worker(
    pool: WorkerPool, text: str
) -> None:
    # 3 s of processor time; more would be WorkExhausted, a fault in a parser WorkFailed.
    with suppress(WorkRefused):  # as too long
        assert (await pool.run("render", request(text, title="t"))).result["content"]


def test_the_html_grows_in_step_with_the_text(render: Render) -> None:
    sizes = [render(ARTICLE * count, title="t")["stats"]["bytes"] for count in (2, 4, 8)]
    assert all(later < 2.2 * earlier for earlier, later in pairwise(sizes))


NASTY = [
    *("<form>", "</form>", "<math>", "</math>", "<mtext>", "<mglyph>", "<svg>", "</svg>", "<p>"),
    *("<style>", "</style>", "<title>", "</title>", "<table>", "</table>", "<td>", "<tr>", "<b>"),
    *("<noscript>", "</noscript>", "<textarea>", "</textarea>", "<select>", "</select>", "</p>"),
    *("<template>", "</template>", "<foreignObject>", "<annotation-xml encoding=text/html>"),
    *("<!--", "-->", "<![CDATA[", "]]>", '"', "'", ">", "text", "<a>", "</a>", "<li>", "<div>"),
    *("<img src=http://e/q>", "<img src=a.png>", '<a href="data:text/html;base64,AA==">'),
    *("<a href=http://e/>", "<a href=https://mp.weixin.qq.com/s/x>", "<p title='<img src=//e/q>'>"),
    *("<image src=http://e/i>", "<img src='x\r\n'>", "<div style='font-family:\"<img src=b>\"'>"),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(NASTY), max_size=14))
@example(["<form><math><mtext></form><form><mglyph><style></math><img src=http://e/q>t"])
@example(['<form><math><mtext></form><form><mglyph><style></math><a href="data:text/html,x">t'])
def test_whatever_the_html_only_listed_pictures_and_wechats_links_come_out(
    render: Render, parts: list[str]
) -> None:
    try:
        result = render(html="".join(parts), title="t")
    except GatewayError:
        return
    tree = LexborHTMLParser(result["content"], is_fragment=True)
    listed = {image["src"] for image in result["images"]}
    found = {node.attributes["src"] for node in tree.css("[src]")}
    assert found <= listed
    hrefs = {node.attributes["href"] for node in tree.css("[href]")}
    assert hrefs <= {"https://mp.weixin.qq.com/s/x"}


LISTS = json.dumps(
    {
        "separators": True,
        "lists": [["a.txt", [["敏感词", "block", None], ["坏词", "replace", "<b>好"]]]],
    }
).encode()


def with_words(
    markdown: str | None = None, html: str | None = None, **given: Any
) -> dict[str, Any]:
    arguments = {**request(markdown, html, **{"title": "题", **given}), "lexicon": "v1"}
    return Pipeline().run(arguments, LISTS)


@pytest.mark.parametrize(
    "text",
    [
        "敏<time>感</time>词",
        "敏<button>感</button>词",
        "敏<x-y>感词</x-y>",
        "敏<filter>x</filter>感词",
        "敏<math>x</math>感词",
        "敏\ufdd0感词",
        "[敏感词]{mǐn gǎn cí}",
    ],
)
def test_words_are_looked_for_in_what_the_sanitizer_leaves(text: str) -> None:
    with pytest.raises(SensitiveWords):
        with_words(text)
    with pytest.raises(SensitiveWords):
        with_words(html=f"<p>{text}</p>" if "{" not in text else "<p>敏感词</p>")


@pytest.mark.parametrize("field", ["title", "digest", "author"])
def test_words_are_looked_for_in_fields_as_they_are_sent(field: str) -> None:
    with pytest.raises(SensitiveWords):
        with_words("文", **{field: "敏\0感词"})


def test_a_word_that_only_the_digest_holds_together_is_found() -> None:
    with pytest.raises(SensitiveWords) as caught:
        with_words("敏[^1]感词\n\n[^1]: 注")
    assert caught.value.field == "digest"


def test_words_of_a_newspic_are_those_of_its_text() -> None:
    newspic: dict[str, Any] = {"article_type": "newspic", "images": ["a.png"]}
    with pytest.raises(SensitiveWords):
        with_words("敏<time>感</time>词", **newspic)
    made = with_words("**坏**词", **newspic)
    assert made["content"] == "＜b>好"
