"""SVG in the text: what WeChat keeps of it, and where.

WeChat drops ids, classes, styles inside, definitions and all that uses them, and the whole drawing
where nothing stands before it (reference wechat-api.md §9).
"""

import re

from selectolax.lexbor import LexborNode

from content.manuscript import Body, Manuscript

DRAWING_TAGS = frozenset(
    {"svg", "g", "path", "rect", "line", "circle", "ellipse", "polyline", "polygon"}
    | {"text", "tspan"}
)
_LOOKS = frozenset(
    {"fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "opacity"}
    | {"stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray"}
    | {"stroke-dashoffset", "font-family", "font-size", "font-style", "font-weight"}
    | {"text-anchor", "dominant-baseline", "letter-spacing"}
)
DRAWING_ATTRIBUTES = _LOOKS | {
    *("viewBox", "preserveAspectRatio", "transform", "d", "points", "x", "y", "x1", "y1", "x2"),
    *("y2", "dx", "dy", "cx", "cy", "r", "rx", "ry", "width", "height"),
}
REFERS_OUTSIDE = re.compile(r"url\s*\(|\\", re.IGNORECASE)  # a backslash may spell url(
_WRAPPERS = frozenset({"a", "switch"})
_NOT_NEEDED = frozenset({"title", "desc", "metadata"})
_LENGTH = re.compile(r"(\d{1,5}(?:\.\d{1,6})?)(px|em|ex|%)?")


def tidy_drawings(manuscript: Manuscript, body: Body) -> None:
    """Leave of each `<svg>` what WeChat keeps, its size in its style, and text before the first."""
    if body.css_first("svg") is None or body.root is None:
        return
    drawings, stands_first = _find(body.root)
    for svg in drawings:
        _move_size(svg)
        if _reduce(svg):
            manuscript.warn(
                "svg_reduced",
                "SVG 中有微信不保留的部分（渐变、箭头、引用、动画等），已去掉；可改用 PNG 图片",
                "parts of an SVG that WeChat drops (gradients, markers, references, animation) were"
                " removed; a PNG picture keeps them",
            )
    if stands_first:
        paragraph = body.create_node("p")
        paragraph.attrs["style"] = "margin:0;font-size:0;line-height:0"
        paragraph.insert_child("\u00a0")
        body.root.insert_before(paragraph, move=True)


def _find(root: LexborNode) -> tuple[list[LexborNode], bool]:
    """The drawings, not those inside of others; whether one comes before all that can be seen."""
    found: list[LexborNode] = []
    first = ""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.next is not None:
            stack.append(node.next)
        if node.tag == "svg":
            found.append(node)
        elif node.first_child is not None:
            stack.append(node.first_child)
        if node.tag in ("svg", "img") or (node.is_text_node and (node.text_content or "").strip()):
            first = first or node.tag or ""
    return found, first == "svg"


def _move_size(svg: LexborNode) -> None:
    style = svg.attributes.get("style") or ""
    for name in ("width", "height"):
        found = _LENGTH.fullmatch((svg.attributes.get(name) or "").strip())
        if name in svg.attributes:
            del svg.attrs[name]
        if found and name not in style:
            style = f"{name}:{found[1]}{found[2] or 'px'};{style}"
    if style:
        svg.attrs["style"] = style


def _reduce(svg: LexborNode) -> bool:
    """Take away what cannot stay; whether any of that was to be seen."""
    lost = False
    stack = [svg]
    while stack:
        child = stack.pop().first_child
        while child is not None:
            following = child.next
            if child.tag in DRAWING_TAGS:
                stack.append(child)
                _style_to_attributes(child)
                lost = lost or any(map(_refers, child.attributes.values()))
            elif child.tag in _WRAPPERS:
                following = child.first_child or following
                child.unwrap()
            elif child.is_element_node:
                lost = lost or child.tag not in _NOT_NEEDED
                child.decompose()
            child = following
    return lost


def _refers(value: str | None) -> bool:
    return REFERS_OUTSIDE.search(value or "") is not None


def _style_to_attributes(node: LexborNode) -> None:
    style = node.attributes.get("style")
    if style is None:
        return
    del node.attrs["style"]
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        if name.strip().lower() in _LOOKS:
            node.attrs[name.strip().lower()] = value.strip()
