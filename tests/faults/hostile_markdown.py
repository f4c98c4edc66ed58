"""Markdown that makes parsers work hard, 64 KB each: a name, and the text.

The kinds of cmark's `pathological_tests.py`, and what our own syntax adds.
"""

from content.fields import MAX_MARKDOWN_BYTES


def fill(piece: str, head: str = "") -> str:
    """`piece` again and again, behind `head`, as long as an article may be."""
    times = MAX_MARKDOWN_BYTES // len(piece.encode())
    return (head + piece * times).encode()[:MAX_MARKDOWN_BYTES].decode("utf-8", "ignore")


def numbered(form: str) -> str:
    """`form` for 0, 1, 2 … as long as an article may be."""
    text = "".join(form.format(number) for number in range(MAX_MARKDOWN_BYTES // len(form)))
    return text[:MAX_MARKDOWN_BYTES]


HALF = MAX_MARKDOWN_BYTES // 2 - 1

# Nesting that no person writes.
NESTED = {
    "brackets": "[" * HALF + "a" + "]" * HALF,
    "quotes": fill(">"),
    "quotes with text": fill("> " * 50 + "a\n"),
    "lists in a line": fill("- "),
    "lists": "".join("  " * depth + "- a\n" for depth in range(250)),
    "ordered lists": fill("1. "),
    "images": fill("!["),
    "footnotes": fill("^["),
    "containers": "".join(":" * (3 + depth % 5) + " note\n" for depth in range(5_000)),
    "emphasis": fill("*a **a "),
}

RUNS = {
    **{f"run of {mark!r}": fill(mark) for mark in "[]*_~^=$`\"'&\\<:|#{}!@\t \n\0\u00a0中"},
    "links open": fill("[a]("),
    "link titles": fill('[a](b "'),
    "link titles escaped": fill('[a](b "\\!'),
    "code spans": "".join("e" + "`" * length for length in range(360)),
    "cells": fill("|a"),
    "wide table": fill("|\n", "|" + "a|" * 2_000 + "\n|" + "-|" * 2_000 + "\n"),
    "long table": fill("|\n", "|a|\n|-|\n"),
    "comments": fill("<!--"),
    "tags": fill("<a "),
    "cdata": fill("<![CDATA["),
    "instructions": fill("<?"),
    "entities": fill("&amp"),
    "autolinks": fill("a@"),
    "bare urls": fill("http://"),
    "angle urls": fill("<http://a "),
    "url with brackets": fill("http://a/(("),
    "headings": fill("a\n=\n"),
    "rules": fill("---\n"),
    "tab lists": fill("-\t\n"),
    "tasks": fill("- [ ] a\n"),
    "alerts": fill("> [!NOTE]\n> a\n\n"),
    "fences": fill("```\n\n```\n"),
    "emphasis of both kinds": fill("*a_ "),
    "chinese and marks": fill("中**"),
    "joiners": fill("\u200d"),
}

# Faults 196: definitions, formulas, contents.
BOMBS = {
    "references": numbered("[r{}]: /u\n"),
    "one reference again": fill("[a]: b\n"),
    "uses of a reference": fill("[a]", "[a]: /u\n\n"),
    "footnotes": numbered("[^{}]: x\n"),
    "uses of a footnote": fill("[^a]", "[^a]: x\n\n"),
    "contents of many headings": fill("# a\n", "[TOC]\n\n"),
    "many contents": fill("[TOC]\n\n# a\n\n"),
    "formulas": fill("$a$ "),
    "formula blocks": fill("$$a$$\n\n"),
    "one deep formula": "$$" + "\\frac{1}{" * 6_000 + "a" + "}" * 1_000 + "$$",
    "one long formula": "$$" + "x^2+" * 16_000 + "a$$",
    "diagrams": fill("```mermaid\ngraph TD;A-->B;\n```\n"),
    "one large diagram": fill("A-->B;\n", "```mermaid\ngraph TD;\n"),
    "marks": fill("==a "),
    "ruby": fill("{a|"),
    "definitions": fill("a\n: b\n"),
    "attributes": fill("{.a style=b "),
    "emoji": fill(":smile:"),
    "front matter": "---\n" + "a: b\n" * 3_000 + "---\nx",
}
