import re

from selectolax.lexbor import LexborNode

from content.manuscript import Body, Manuscript

_ALIGNMENTS = frozenset({"left", "center", "right", "justify"})
_COLOR = re.compile(r"#?[a-zA-Z0-9]{3,20}")
_SIZES_PX = {"1": 10, "2": 13, "3": 16, "4": 18, "5": 24, "6": 32, "7": 48}


def use_old_markup(_manuscript: Manuscript, body: Body) -> None:
    """Write what `align`, `<center>`, `<font>` and `bgcolor` ask for as styles.

    READMEs are full of them, and WeChat drops them.
    Source of the sizes: HTML Standard, 15.3 "rules for parsing a legacy font size".
    """
    for node in body.css("[align]"):
        value = (node.attributes.get("align") or "").strip().lower()
        if value in _ALIGNMENTS and node.tag != "img":
            _add(node, f"text-align:{value}")
    for node in body.css("center"):
        _add(node, "text-align:center")
    for node in body.css("[bgcolor]"):
        _add_color(node, "background-color", "bgcolor")
    for node in body.css("font"):
        _add_color(node, "color", "color")
        size = _SIZES_PX.get((node.attributes.get("size") or "").strip())
        if size is not None:
            _add(node, f"font-size:{size}px")
        body.rename(node, "span")


def _add_color(node: LexborNode, name: str, attribute: str) -> None:
    value = (node.attributes.get(attribute) or "").strip()
    if _COLOR.fullmatch(value):
        _add(node, f"{name}:{value}")


def _add(node: LexborNode, declaration: str) -> None:
    """An author's own style wins over what its attributes say."""
    style = node.attributes.get("style") or ""
    node.attrs["style"] = f"{declaration};{style}" if style else declaration
