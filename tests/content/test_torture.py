"""The document on which other renderers fail (users.md), through ours and through WeChat's filter.

Each test is a row of that table.
"""

import re
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from content.pipeline import Pipeline
from sandbox.filters import ArticleFilter, text_of
from tests.content.allowed import assert_allowed
from tests.content.conftest import request

TEXT = Path(__file__).with_name("torture.md").read_text("utf-8")
THEMES = ("default",)


@pytest.fixture(scope="module")
def html() -> str:
    made: str = Pipeline().run(request(TEXT))["content"]
    return made


@pytest.fixture(scope="module")
def tree(html: str) -> LexborHTMLParser:
    return LexborHTMLParser(html, is_fragment=True)


@pytest.fixture(scope="module")
def text(tree: LexborHTMLParser) -> str:
    return " ".join(tree.text().replace("\u00a0", " ").split())


def test_nothing_that_runs_is_left(html: str, tree: LexborHTMLParser) -> None:
    assert_allowed(html)
    assert tree.css("script, iframe, [onerror], [href^='javascript']") == []


def test_code_keeps_its_indentation_and_its_blank_lines(html: str) -> None:
    assert "&nbsp;" * 4 in html.replace("\u00a0", "&nbsp;")
    code = re.search(r"<pre.*?</pre>", html, re.DOTALL)
    assert code is not None
    assert "\n" not in code.group()
    assert code.group().count("<br>") >= 3


def test_no_list_stands_in_an_item(tree: LexborHTMLParser) -> None:
    assert tree.css("li ul, li ol") == []
    assert len(tree.css("li")) >= 9


def test_a_task_is_text(tree: LexborHTMLParser, text: str) -> None:
    assert tree.css("input") == []
    assert "☑ 做完" in text
    assert "☐ 没做" in text


def test_formulas_are_drawn_and_prices_are_not(tree: LexborHTMLParser, text: str) -> None:
    assert len(tree.css("svg")) >= 1
    assert "\\frac" not in text
    assert "价格 $5 和 $10" in text


def test_diagrams_are_drawn(tree: LexborHTMLParser, text: str) -> None:
    assert "graph TD" not in text
    assert tree.css("img[src^='data:image/']") != []


def test_alerts_are_boxes(text: str) -> None:
    assert "[!WARNING]" not in text
    assert "当心。" in text


def test_footnotes_are_notes(text: str) -> None:
    assert "[^1]" not in text
    assert "另一条。" in text


def test_links_are_numbered_once_and_wechats_own_stay(tree: LexborHTMLParser, text: str) -> None:
    assert [link.attributes["href"] for link in tree.css("a")] == ["https://mp.weixin.qq.com/s/abc"]
    assert text.count("https://e.com/a") == 1
    assert text.count("https://e.com/b") == 1


def test_chinese_emphasis_and_marks_are_read(tree: LexborHTMLParser, text: str) -> None:
    assert "**" not in text
    assert "==" not in text
    assert [node.text() for node in tree.css("strong")][:2] == ["“粗”", "粗体："]
    assert "10~20" in text
    assert "第一行第二行" in text


def test_tables_scroll_and_keep_their_alignment(html: str, tree: LexborHTMLParser) -> None:
    table = tree.css_first("table")
    assert table is not None
    assert table.parent is not None
    assert "overflow-x:auto" in (table.parent.attributes["style"] or "")
    assert "text-align:right" in html.replace(" ", "")


def test_no_class_no_id_no_variable(html: str, tree: LexborHTMLParser) -> None:
    assert tree.css("[class], [id]") == []
    assert "var(" not in html


def test_what_wechat_keeps_is_all_of_it(html: str) -> None:
    """Through the filter and back: no element, style, picture or word is lost."""
    sent = re.sub(r'src="(?:data:[^"]*|x)"', 'src="https://mmbiz.qpic.cn/c/0"', html)
    kept = ArticleFilter().clean(sent)
    assert text_of(kept) == text_of(sent)
    for pattern in (r"<[a-z0-9]+", r"<img[^>]*src", r'style="', r"<a [^>]*href"):
        assert len(re.findall(pattern, kept)) == len(re.findall(pattern, sent)), pattern
    assert ArticleFilter().clean(kept) == kept
