import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import unquote

from content.lint.rule import Position

if TYPE_CHECKING:
    from markdown_it.token import Token

_MAX_ELEMENTS = 20_000
# Every `<` is looked at once: what opens and never closes ends where it cannot go on.
_TAG = re.compile(
    r"<!--[^-]*+(?:-(?!->)[^-]*+)*+"
    r"""|<(/?)([a-zA-Z][a-zA-Z0-9:-]*+)((?:[^"'>]++|"[^"]*+"|'[^']*+')*+)>?"""
)
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++))?""")
_LISTS = frozenset({"ul", "ol"})
_TOKENS = frozenset(
    {
        *("heading_open", "link_open", "image", "fence", "code_block"),
        *("table_open", "tr_open", "th_open", "td_open"),
        *("bullet_list_open", "ordered_list_open"),
    }
)


@dataclass(frozen=True, slots=True)
class Element:
    """One element of the source, whichever language it was written in."""

    tag: str
    position: Position
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""  # of code
    marks: str = ""  # what Markdown writes around code
    lines: int = 1  # that it spans in Markdown
    list_depth: int = 0  # of a list: 1 for an outer one

    def get(self, name: str) -> str:
        """An attribute's value; "" without one."""
        return self.attributes.get(name, "").strip()


def html_elements(html: str, position: Callable[[int], Position]) -> list[Element]:
    """The opening tags of `html`, as far as a look without a parser tells them."""
    made: list[Element] = []
    lists = 0
    for found in _TAG.finditer(html):
        if found[2] is None:
            continue
        tag = found[2].lower()
        if tag in _LISTS:
            lists = max(0, lists + (-1 if found[1] else 1))
        if not found[1]:
            attributes = {
                name.lower(): unescape(value.strip("\"'"))
                for name, value in _ATTRIBUTE.findall(found[3])
            }
            depth = lists if tag in _LISTS else 0
            made.append(Element(tag, position(found.start()), attributes, list_depth=depth))
        if len(made) >= _MAX_ELEMENTS:
            break
    return made


def markdown_elements(
    tokens: Sequence["Token"], lines: Sequence[str], first_line: int
) -> list[Element]:
    """The elements that Markdown's `tokens` make; line `first_line` of the source is their 0."""
    made: list[Element] = []
    lists = line = 0
    for token in tokens:
        line = token.map[0] if token.map else line
        if token.tag in _LISTS:
            lists += token.nesting
        if token.type == "html_block":
            made += _html(token.content, first_line + line)
        elif token.type == "inline":
            made += _inline(token.children or [], lines, first_line + line)
        elif token.type in _TOKENS:
            made.append(_block(token, first_line + line + 1, lists))
        if len(made) >= _MAX_ELEMENTS:
            break
    return made


def _html(html: str, line: int) -> Iterator[Element]:
    """The elements of HTML in Markdown, by their line."""
    yield from html_elements(html, lambda at: Position(line + html.count("\n", 0, at) + 1))


def _block(token: "Token", line: int, lists: int) -> Element:
    code = token.type in ("fence", "code_block")
    return Element(
        "pre" if code else token.tag,
        Position(line),
        text=token.content if code else "",
        marks=token.markup if token.type == "fence" else "",
        lines=token.map[1] - token.map[0] if token.map else 1,
        list_depth=lists if token.tag in _LISTS else 0,
    )


def _inline(children: Sequence["Token"], lines: Sequence[str], line: int) -> Iterator[Element]:
    column = 0  # how far the line has been searched
    for child in children:
        if child.type in ("softbreak", "hardbreak"):
            line, column = line + 1, 0
        elif child.type == "html_inline":
            yield from _html(child.content, line)
            line += child.content.count("\n")
        elif child.type in _TOKENS:
            name = "src" if child.type == "image" else "href"
            value = str(child.attrs.get(name) or "")
            source = lines[line] if line < len(lines) else ""
            at = _find(source, value, column)
            column = max(column, at + 1)
            attributes = {name: value}
            if child.type == "image":
                attributes["alt"] = child.content
            place = Position(line + 1, at + 1 if at >= 0 else None)
            yield Element(child.tag, place, attributes)


def _find(line: str, value: str, start: int) -> int:
    """Where `value` stands in `line`; Markdown writes % for what it does not like in URLs."""
    if not value:
        return -1
    at = line.find(value, start)
    return at if at >= 0 else line.find(unquote(value), start)
