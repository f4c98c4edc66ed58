"""How well the texts of an article stand out: WCAG 2.2 contrast, from inline styles alone.

Source: www.w3.org/TR/WCAG22, "contrast ratio" and "relative luminance".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

from sandbox.darkmode import RGB, blend, parse_color

_COLOR = re.compile(r"#[0-9a-fA-F]{3,8}\b|rgba?\([^)]*\)|\b(?:white|black|red|transparent)\b")


@dataclass(frozen=True)
class Text:
    text: str
    color: RGB
    background: RGB

    @property
    def contrast(self) -> float:
        light, dark = sorted((_luminance(self.color), _luminance(self.background)), reverse=True)
        return (light + 0.05) / (dark + 0.05)


def texts(html: str, *, page: RGB, ink: RGB) -> Iterator[Text]:
    """Every piece of text with its colour and what lies behind it."""
    tree = LexborHTMLParser(html, is_fragment=True)
    todo: list[tuple[LexborNode | None, Text]] = [(tree.root, Text("", ink, page))]
    while todo:
        node, around = todo.pop()
        if node is None:
            continue
        todo.append((node.next, around))
        if node.is_text_node and (words := (node.text_content or "").strip()):
            yield replace(around, text=words)
        elif node.is_element_node:
            todo.append((node.first_child, _inside(node, around)))


def _inside(node: LexborNode, around: Text) -> Text:
    for part in (node.attributes.get("style") or "").split(";"):
        name, _, value = part.partition(":")
        found = _COLOR.search(value)
        parsed = parse_color(found.group()) if found else None
        if parsed is None:
            continue
        color, alpha = parsed
        if name in ("background", "background-color"):
            around = replace(around, background=blend(around.background, color, alpha))
        elif name == "color":
            around = replace(around, color=blend(around.background, color, alpha))
    return around


def _luminance(color: RGB) -> float:
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4
        for one in (part / 255 for part in color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
