"""Which CSS declarations reach a reader at WeChat. Source: reference wechat-api.md, section 9."""

import re

_SIDES = ("top", "right", "bottom", "left")
_CORNERS = ("top-left", "top-right", "bottom-right", "bottom-left")
# Not: position, transform, animation, flex and grid. Of background pictures nobody knows; articles
# may bring them, themes may not.
KEPT = frozenset(
    {
        *("color", "background", "background-color", "opacity", "display", "vertical-align"),
        *(f"background-{part}" for part in ("image", "position", "repeat", "size")),
        *("font", "font-family", "font-size", "font-style", "font-weight", "font-variant"),
        *("line-height", "letter-spacing", "text-align", "text-indent", "text-decoration"),
        *("text-transform", "text-decoration-color", "text-decoration-style", "word-spacing"),
        *("white-space", "word-break", "word-wrap", "overflow-wrap", "overflow", "overflow-x"),
        *("width", "height", "max-width", "max-height", "min-width", "min-height", "box-sizing"),
        *("margin", *(f"margin-{side}" for side in _SIDES)),
        *("padding", *(f"padding-{side}" for side in _SIDES)),
        *("border", "border-color", "border-style", "border-width", "border-radius"),
        *(f"border-{side}" for side in _SIDES),
        *(f"border-{side}-{part}" for side in _SIDES for part in ("color", "style", "width")),
        *(f"border-{corner}-radius" for corner in _CORNERS),
        *("border-collapse", "border-spacing", "list-style", "list-style-type", "box-shadow"),
        *("list-style-position", "text-shadow", "table-layout", "caption-side", "float", "clear"),
    }
)
# A backslash may spell any of these in another way.
LOST_VALUE = re.compile(
    r"url\s*\(|image-set|gradient\s*\(|\\|expression|@import|var\s*\(|env\s*\(|attr\s*\("
    r"|^\s*(?:inline-)?(?:flex|grid)\s*$",
    re.IGNORECASE,
)
