"""Styles said once: what a child inherits anyway is not repeated on it.

An inliner writes every rule into every element. Most of it is the parent's size, colour and line
height over again, half of an article's bytes.
"""

import re
from html import escape, unescape

from content.theming.declarations import Declarations, gather, read, write
from content.theming.properties import KEPT

# Written by an HTML serializer: names in lower case, values in double quotes.
_TAG = re.compile(r'<(/?)([A-Za-z][^\s/>"]*+)((?:[^">]++|"[^"]*+")*+)>')
_ATTRIBUTE = re.compile(r'\s++([^\s"=]++)(?:="([^"]*+)")?')
_VOID = frozenset({"br", "hr", "img", "col", "wbr"})
_MAX_KNOWN = 4_096  # different elements that are remembered

_INHERITED = frozenset(
    {
        "color", "font-family", "font-size", "font-style", "font-weight", "font-variant",
        "line-height", "letter-spacing", "text-align", "text-indent", "text-transform",
        "white-space", "word-break", "word-wrap", "word-spacing", "overflow-wrap",
        "list-style-type", "list-style-position", "caption-side",
    }
)  # fmt: skip
# The browser's stylesheet, or WeChat's, sets these on the element itself.
_SET_ANYWAY: dict[str, frozenset[str]] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), frozenset({"font-size", "font-weight"})),
    **dict.fromkeys(("strong", "b"), frozenset({"font-weight"})),
    **dict.fromkeys(("em", "i", "cite", "var", "dfn"), frozenset({"font-style"})),
    **dict.fromkeys(("code", "kbd", "samp"), frozenset({"font-family", "font-size"})),
    **dict.fromkeys(("sub", "sup", "small", "rt"), frozenset({"font-size", "line-height"})),
    **dict.fromkeys(("ul", "ol"), frozenset({"list-style-type"})),
    "pre": frozenset({"font-family", "font-size", "white-space"}),
    "th": frozenset({"font-weight", "text-align"}),
    "caption": frozenset({"text-align"}),
    "table": frozenset({"white-space", "text-indent"}),
    "a": frozenset({"color"}),
    "mark": frozenset({"color"}),
}
# WeChat may force the colour of a paragraph that says none.
_ALWAYS_SAID = {"p": frozenset({"color"})}
_RELATIVE = re.compile(
    r"[\d.](?:em|ex|ch|%|lh)\b|[\d.]%|smaller|larger|bolder|lighter", re.IGNORECASE
)
# What an element has that nothing else gives a box or a colour.
_PLAIN = frozenset(
    {"section", "span", "code", "strong", "b", "em", "i", "sup", "sub", "a", "s", "del"}
)
_NOTHING = {
    "background": ("none", "transparent"),
    "padding": ("0",),
    "margin": ("0",),
    "border": ("0", "none"),
    "border-radius": ("0",),
}

_Context = tuple[tuple[str, str | None], ...]  # what is inherited; None: not known literally


class Folder:
    """Folds the styles of articles; remembers what it made of an element in its place.

    Classes go: they have done their work, and WeChat drops them.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[_Context, str, str], tuple[str, str, _Context]] = {}

    def fold(self, html: str) -> str:
        """`html`, as a serializer wrote it, with shorter styles and without needless spans."""
        if len(self._known) > _MAX_KNOWN:
            self._known.clear()
        context: _Context = ()
        open_: list[tuple[str, str, _Context]] = []  # tag, its end, the context outside
        known = self._known

        def visit(found: re.Match[str]) -> str:
            nonlocal context
            closing, tag, attributes = found.groups()
            if closing:
                return close(tag)
            key = (context, tag, attributes)
            made = known.get(key)
            if made is None:
                made = known[key] = _folded(*key)
            start, end, inside = made
            if tag not in _VOID:
                open_.append((tag, end, context))
                context = inside
            return start

        def close(tag: str) -> str:
            nonlocal context
            if not open_ or open_[-1][0] != tag:
                return f"</{tag}>"  # never so in a serializer's HTML
            _, end, context = open_.pop()
            return end

        return _TAG.sub(visit, html)


def _folded(context: _Context, tag: str, attributes: str) -> tuple[str, str, _Context]:
    found = list(_ATTRIBUTE.finditer(attributes))
    said = next((one.group(2) or "" for one in found if one.group(1) == "style"), "")
    style, inside = _style(dict(context), tag, unescape(said))
    others = [one for one in found if one.group(1) not in ("style", "class")]
    if tag == "span" and not style and not others:
        return "", "", inside
    written = "".join(one.group() for one in others)
    if style:
        written += f' style="{escape(style, quote=False)}"'
    return f"<{tag}{written}>", f"</{tag}>", inside


def _style(inherited: dict[str, str | None], tag: str, style: str) -> tuple[str, _Context]:
    for name in _SET_ANYWAY.get(tag, ()):
        inherited[name] = None
    said: Declarations = {}
    # Of what is not kept there may be thousands.
    pairs = (pair for pair in read(style) if pair[0] in KEPT)
    for name, value in gather(pairs).items():
        if name == "font":
            inherited |= dict.fromkeys(filter(_of_font, _INHERITED))
        elif name in _INHERITED:
            if _goes_without_saying(inherited, tag, name, value):
                continue
            inherited[name] = None if _RELATIVE.search(value) else value
        elif tag in _PLAIN and value in _NOTHING.get(name, ()):
            continue
        said[name] = value
    return write(said), tuple(sorted(inherited.items()))


def _of_font(name: str) -> bool:
    return name.startswith("font-") or name == "line-height"


def _goes_without_saying(inherited: dict[str, str | None], tag: str, name: str, value: str) -> bool:
    if name in _ALWAYS_SAID.get(tag, ()):
        return False
    if value == "inherit":
        return name not in _SET_ANYWAY.get(tag, ())
    return inherited.get(name) == value
