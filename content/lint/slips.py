"""Slips of the pen in Markdown: what was meant is clear, and what comes out is something else."""

import re
from collections.abc import Iterator

from content.lint.elements import Element
from content.lint.page import Page
from content.lint.rule import Edit, Finding, Position, Rule, clip
from core.errors import Text

FENCE_OPEN = Rule(
    "fence_unclosed",
    "warning",
    Text(
        "这个代码块没有结束，后面的内容都成了代码",
        "this code block never ends: all that follows is code",
    ),
    Text("在代码后面另起一行写 {marks}", "write {marks} on a line of its own after the code"),
    "CommonMark 0.31, 4.5",
)
PATH_WITH_SPACES = Rule(
    "image_path_spaces",
    "warning",
    Text(
        "图片路径有空格，没有成为图片：{path}", "the path has spaces, so it is no picture: {path}"
    ),
    Text("把路径放进尖括号：<{path}>", "put the path in angle brackets: <{path}>"),
    "CommonMark 0.31, 6.3: link destinations",
)
WIDE_BRACKETS = Rule(
    "link_wide_brackets",
    "warning",
    Text("链接用了全角括号，没有成为链接：{url}", "full-width brackets make no link: {url}"),
    Text("把（ ）改成 ( )", "write ( ) instead"),
    "CommonMark 0.31, 6.3",
)
HEADING_WITHOUT_SPACE = Rule(
    "heading_without_space",
    "warning",
    Text("# 后面没有空格，没有成为标题：{line}", "no space after #, so it is no heading: {line}"),
    Text("在 # 后面加一个空格", "put a space after the #"),
    "CommonMark 0.31, 4.2",
)

_IMAGE = re.compile(r"!\[[^\]\n]{0,200}\]\(([^()<>\s]{1,200}(?: [^()<>\s\"']{1,200}){1,20})\)")
_LINK = re.compile(r"\[[^\]\n]{1,200}\](（)(https?://[^）\s]{1,500})(）)")
_HEADING = re.compile(r"#{2,6}(?=[^#\s])")


def check_fences(page: Page) -> Iterator[Finding]:
    """Code blocks without an end."""
    for code in page.elements:
        if code.marks and not _is_closed(page, code):
            end = len(page.source)
            # Inside of a list or quote the end of the block is not the end of the text.
            whole = page.lines[code.position.line - 1].startswith(code.marks)
            line_end = "" if page.source.endswith("\n") else "\n"
            edit = Edit(end, end, f"{line_end}{code.marks}\n") if whole else None
            yield FENCE_OPEN.at(code.position, edit=edit, marks=code.marks)


def check_slips(page: Page) -> Iterator[Finding]:
    """Pictures, links and headings that did not become any."""
    first = page.head.count("\n")
    for token in page.manuscript.tokens:
        if token.type != "inline" or not token.map:
            continue
        for index, text in enumerate(token.content.split("\n")):
            number = first + token.map[0] + index
            line = page.lines[number] if number < len(page.lines) else ""
            column = line.find(text)
            if column < 0 or "`" in text:  # what stands in code is meant as it is
                continue
            place = Position(number + 1, column + 1)
            for slips in (_pictures, _links, _headings):
                yield from slips(text, page.offset(place), place)


def _is_closed(page: Page, code: Element) -> bool:
    last = page.lines[min(code.position.line + code.lines - 2, len(page.lines) - 1)]
    end = last.lstrip(" \t>").rstrip()
    return code.lines > 1 and len(end) >= len(code.marks) and not end.strip(code.marks[0])


def _pictures(text: str, start: int, place: Position) -> Iterator[Finding]:
    for found in _IMAGE.finditer(text):
        edit = Edit(start + found.start(1), start + found.end(1), f"<{found[1]}>")
        yield PATH_WITH_SPACES.at(_right(place, found.start()), edit=edit, path=clip(found[1]))


def _links(text: str, start: int, place: Position) -> Iterator[Finding]:
    for found in _LINK.finditer(text):
        edit = Edit(start + found.start(1), start + found.end(3), f"({found[2]})")
        yield WIDE_BRACKETS.at(_right(place, found.start()), edit=edit, url=clip(found[2]))


def _headings(text: str, start: int, place: Position) -> Iterator[Finding]:
    found = _HEADING.match(text)
    if found is not None:
        at = start + found.end()
        yield HEADING_WITHOUT_SPACE.at(place, edit=Edit(at, at, " "), line=clip(text))


def _right(place: Position, by: int) -> Position:
    return Position(place.line, (place.column or 1) + by)
