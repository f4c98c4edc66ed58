"""What in the HTML of a relayed article is of interest, to the character; nothing is parsed anew.

Takes linear time: every `<` is looked at once.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

from content.pictures.source import source_kind, tidy_source

_TAG = re.compile(
    r"<!--[^-]*+(?:-(?!->)[^-]*+)*+"
    r"""|<([a-zA-Z][a-zA-Z0-9:-]*+)((?:[^"'>]++|"[^"]*+"|'[^']*+')*+)>?"""
)
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++))?""")
_SOURCES = frozenset({"src", "data-src"})
_URL = re.compile(r"url\(([^()]*+)\)", re.IGNORECASE)
# What may stand between the bracket and the address; in an attribute quotes are often written so.
_QUOTES = re.compile(r"""(?:\s|["']|&(?:quot|apos|#34|#39|#x22|#x27);)*""", re.IGNORECASE)
_QUOTES_AT_END = re.compile(r"""(?:\s|["']|&(?:quot|apos|#34|#39|#x22|#x27);)$""", re.IGNORECASE)
_LONGEST_QUOTE = len("&quot;")
_WRAPPER = re.compile(
    r"\s*+(?:<!doctype\b[^>]*+>\s*+)?(?:<html\b[^>]*+>\s*+)?"
    r"(?:<head\b[^>]*+>(?:[^<]++|<(?!/head\b))*+</head\s*+>\s*+)?(?:<body\b[^>]*+>)?",
    re.IGNORECASE,
)
_IS_WRAPPED = re.compile(r"<(?:html|body)\b", re.IGNORECASE)
_ENDS = ("</html>", "</body>")


class Span(NamedTuple):
    """Characters of the HTML from `start` up to `end`."""

    start: int
    end: int


class Named(NamedTuple):
    """A picture that the HTML names, and where its address stands."""

    src: str
    span: Span
    is_background: bool = False


def wrapper_of(html: str) -> list[Span]:
    """What `<html><head></head><body>…</body></html>` puts around an article; mostly nothing."""
    found = _WRAPPER.match(html)
    if found is None or not _IS_WRAPPED.search(found.group()):
        return []
    end = len(html.rstrip())
    for tag in _ENDS:
        if html[:end].lower().endswith(tag):  # copied twice at most
            end = len(html[: end - len(tag)].rstrip())
    start = found.end()
    return [Span(0, start), Span(max(start, end), len(html))]


def pictures_of(html: str) -> Iterator[Named]:
    """The pictures that are not at WeChat: of `img`, and those that styles name by `url()`."""
    for tag in _TAG.finditer(html):
        if tag[1] is None:
            continue
        is_img = tag[1].lower() == "img"
        if not is_img and "(" not in tag[2]:
            continue
        for found in _ATTRIBUTE.finditer(tag[2]):
            name = found[1].lower()
            if found[2] is None or not (name == "style" or (is_img and name in _SOURCES)):
                continue
            value = _inside(found[2], tag.start(2) + found.start(2))
            spans = _urls(html, value) if name == "style" else [value]
            for span in spans:
                src = tidy_source(unescape(html[span.start : span.end]))
                if src and not src.startswith("#") and source_kind(src) != "wechat":
                    yield Named(src, span, name == "style")


def _inside(quoted: str, at: int) -> Span:
    """An attribute's value without its quotes."""
    return Span(at + 1, at + len(quoted) - 1) if quoted[0] in "\"'" else Span(at, at + len(quoted))


def _urls(html: str, style: Span) -> Iterator[Span]:
    """The addresses in a style."""
    for found in _URL.finditer(html, style.start, style.end):
        start, end = found.span(1)
        opening = _QUOTES.match(html, start, end)
        start = start if opening is None else opening.end()
        while end > start:
            tail = html[max(start, end - _LONGEST_QUOTE) : end]
            closing = _QUOTES_AT_END.search(tail)
            if closing is None:
                break
            end -= len(closing.group())
        if "\\" not in html[start:end]:  # an address written with escapes of CSS is left alone
            yield Span(start, end)
