from time import process_time

import pytest

from content.lint.elements import Element, html_elements
from content.lint.page import Page
from content.manuscript import Manuscript
from content.steps.markdown import MarkdownRenderer

MARKDOWN = """第一行 ![图](a.png)
[链接](https://a.com/x) 和 ![b](b%20c.png) ![图](a.png)

- 一
  - 二

> ### 题

```py
x
```
"""


def _markdown(text: str) -> list[Element]:
    manuscript = Manuscript(text=text, source=text, is_markdown=True)
    manuscript.fields["code_theme"] = "default"
    MarkdownRenderer().render(manuscript)
    return Page(manuscript).elements


def _html(html: str) -> list[Element]:
    return Page(Manuscript(text=html, source=html, is_markdown=False)).elements


def test_markdowns_elements_know_their_lines_and_columns() -> None:
    placed = [(element.tag, tuple(element.position)) for element in _markdown(MARKDOWN)]
    assert placed == [
        ("img", (1, 10)),
        ("a", (2, 6)),
        ("img", (2, 30)),
        ("img", (2, 46)),
        ("ul", (4, None)),
        ("ul", (5, None)),
        ("h3", (7, None)),
        ("pre", (9, None)),
    ]


def test_an_element_has_what_rules_ask_for() -> None:
    first, link, *_, inner, _, code = _markdown(MARKDOWN)
    assert (first.get("src"), first.get("alt")) == ("a.png", "图")
    assert link.get("href") == "https://a.com/x"
    assert inner.list_depth == 2
    assert (code.text, code.marks, code.lines) == ("x\n", "```", 3)


def test_htmls_elements_are_read_as_they_stand() -> None:
    html = "<P class=a\n ID='b>c'>x<!-- <b> --><img src=\"x&amp;y\"alt=z><ul><li><ol></ol></ul>"
    elements = _html(html)
    assert [element.tag for element in elements] == ["p", "img", "ul", "li", "ol"]
    assert elements[0].attributes == {"class": "a", "id": "b>c"}
    assert elements[1].attributes == {"src": "x&y", "alt": "z"}
    assert tuple(elements[1].position) == (2, html.index("<img") - html.index("\n"))
    assert [element.list_depth for element in elements] == [0, 0, 1, 0, 2]


@pytest.mark.parametrize(
    "html",
    ["<" * 300_000, '<a "' * 75_000, "<a '" * 75_000, "<!--" * 75_000, "<a b" + " " * 299_000],
)
def test_broken_html_is_looked_at_once(html: str) -> None:
    started = process_time()
    html_elements(html, lambda _at: (1, 1))  # type: ignore[arg-type, return-value]
    assert process_time() - started < 20  # a quadratic look takes minutes
