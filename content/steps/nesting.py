import re

from content.manuscript import Manuscript
from content.refusals import MarkdownTooComplex

MAX_DEPTH = 200  # an article has 20; the parsers behind this crash at some thousands

_TAG = re.compile(r"""<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^"'>]++|"[^"]*+"|'[^']*+')*+)""")
# These hold nothing, or end by themselves where the next begins.
_NEVER_DEEP = {
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"),
    *("track", "wbr", "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot"),
    *("option", "rt", "rp"),
}
# Only in SVG does a slash end an element.
_SVG_SHAPES = {
    *("path", "rect", "line", "circle", "ellipse", "polyline", "polygon", "use", "image", "stop"),
}


def bound_nesting(manuscript: Manuscript) -> None:
    """Refuse elements within elements without end, before a tree is made of them.

    Counts beginnings and ends of tags, so it may take a tag in a comment for one.
    """
    depth = 0
    for closing, name, attributes in _TAG.findall(manuscript.html):
        name = name.lower()  # noqa: PLW2901
        if name in _NEVER_DEEP or (name in _SVG_SHAPES and attributes.endswith("/")):
            continue
        depth = max(0, depth - 1) if closing else depth + 1
        if depth > MAX_DEPTH:
            raise MarkdownTooComplex(field="markdown" if manuscript.is_markdown else "html")
