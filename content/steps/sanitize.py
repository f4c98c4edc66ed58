import re
from collections.abc import Callable

import nh3

from content.manuscript import Manuscript
from content.steps.drawings import DRAWING_ATTRIBUTES, DRAWING_TAGS, REFERS_OUTSIDE
from content.steps.links import is_clickable
from content.theming.style import clean_style, name_backgrounds

TAGS = {
    *("section", "p", "span", "br", "hr", "blockquote", "pre", "code", "img", "a"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd"),
    *("table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td"),
    *("strong", "b", "em", "i", "u", "s", "del", "ins", "mark", "small", "sub", "sup"),
    *("figure", "figcaption", "cite", "q", "abbr", "kbd", "samp", "var", "ruby", "rt", "rp"),
    *DRAWING_TAGS,
}
DROPPED_WITH_CONTENT = {
    *("script", "style", "iframe", "object", "math", "video", "audio"),
    # In drawings, none of which WeChat keeps; in some of them HTML could hide.
    *("defs", "symbol", "marker", "pattern", "mask", "clipPath", "filter", "foreignObject"),
    *("linearGradient", "radialGradient", "title", "desc", "metadata"),
}
_ATTRIBUTES = {
    "*": {"style"},
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "th": {"colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
    **dict.fromkeys(DRAWING_TAGS, DRAWING_ATTRIBUTES),
}
_URL_SCHEMES = {"http", "https", "data"}  # data: pictures, judged by steps/images.py
# Control characters and noncharacters: no HTML may hold them.
_INVALID = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff"
    + "".join(
        chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(1, 17)
    )
    + "]+"
)
# All of these and some innocent ones: the long list of the other costs twenty times as much.
_SUSPECT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\U0001fffe-\U0010ffff]"
)
_TAG = re.compile("<[a-zA-Z]")
_BETWEEN_BLOCKS = re.compile(r"(?<=>)\s*\n\s*(?=<)")


class Sanitizer:
    """Lets pass what WeChat keeps and nothing that runs, loads or hides something.

    Of pictures and links it passes those that the steps before have judged. On broken HTML parsers
    differ, so it may see some that they did not.
    """

    def clean(self, manuscript: Manuscript) -> None:
        """Reduce the HTML to the allow-list, and what Markdown made to one line."""
        html = manuscript.html
        if not manuscript.is_markdown or _TAG.search(manuscript.text):
            # Where elements fell away, headings may stand in headings; a second reading mends that.
            html = _valid(_cleaner(manuscript, clean_style).clean(html))
        pictures = [image["src"] for image in manuscript.images]

        def finish(style: str) -> str | None:
            cleaned = clean_style(style)
            return None if cleaned is None else name_backgrounds(cleaned, pictures)

        html = _valid(_cleaner(manuscript, finish).clean(html))
        # Our own code blocks and paragraphs hold no line ends; an author's HTML may.
        manuscript.html = _BETWEEN_BLOCKS.sub("", html).strip() if manuscript.is_markdown else html


def _valid(html: str) -> str:
    return _INVALID.sub("", html) if _SUSPECT.search(html) else html


def _cleaner(manuscript: Manuscript, style: Callable[[str], str | None]) -> nh3.Cleaner:
    pictures = {image["src"] for image in manuscript.images}

    def judge(_tag: str, name: str, value: str) -> str | None:
        if name == "src":
            return value if value in pictures else None
        if name == "href":
            return value if is_clickable(value) else None
        if name == "style":
            return style(value)
        return None if name in DRAWING_ATTRIBUTES and REFERS_OUTSIDE.search(value) else value

    return nh3.Cleaner(
        tags=TAGS,
        clean_content_tags=DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=judge,
        url_schemes=_URL_SCHEMES,
        link_rel=None,
    )
