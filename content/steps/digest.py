import re

from content.manuscript import Body, Manuscript
from content.steps.products import PLACE
from wechat.limits import DEFAULT_DIGEST_CHARS, STRICT_DIGEST_BYTES

_NOT_PROSE = (
    "pre, svg, table, h1, h2, h3, h4, h5, h6, figcaption, title, style, script, noscript, template,"
    " [hidden], .toc, .references, sup.footnote, .markdown-alert-title, rp, rt"
)
_LONGEST = 120  # characters that one sentence may have to be taken whole; WeChat takes 128
_JOINERS = "\u200d\ufe0e\ufe0f"  # hold the parts of an emoji together
# A full stop of ASCII ends a sentence before a space alone: 3.14, e.g. README.md.
_SENTENCE_END = re.compile(r"[。！？!?…]+[”’」』）)\"']*|\.[”’)\"']*(?=\s|$)")


def add_digest(manuscript: Manuscript) -> None:
    """Begin the digest with the text, as WeChat would, where none was given.

    Better than WeChat's own: without headings, code and tables, in whole sentences where they are
    not too long, and never cut inside a word.
    """
    if manuscript.string("digest"):
        return
    body = Body(manuscript.html)
    for node in body.css(_NOT_PROSE):
        node.decompose()
    digest = beginning(PLACE.sub("", body.words()).strip(), DEFAULT_DIGEST_CHARS, _LONGEST)
    if manuscript.length_rule == "strict":
        digest = _within_bytes(digest, STRICT_DIGEST_BYTES)
    manuscript.digest_from_text = True
    manuscript.fields["digest"] = digest


def beginning(text: str, usual: int, longest: int) -> str:
    """The first sentences of `text`, as many as fit into `usual` characters.

    Where they say too little, one more, if it ends within `longest`; else `cut`.
    """
    if len(text) <= usual:
        return text
    ends = [found.end() for found in _SENTENCE_END.finditer(text, 0, longest + 1)] + [len(text)]
    fitting = max((end for end in ends if end <= usual), default=0)
    if fitting * 2 >= usual:
        return text[:fitting].rstrip()
    longer = next(end for end in ends if end > usual)
    return text[:longer].rstrip() if longer <= longest else cut(text, usual)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, ending neither inside a word nor inside an emoji."""
    if len(text) <= limit:
        return text
    end = limit - 1  # one is for the ellipsis
    while end and _holds_together(text[end - 1], text[end]):
        end -= 1
    return text[: end or limit - 1].rstrip(" ，、；：,;:") + "…"


def _within_bytes(text: str, limit: int) -> str:
    size = len(text)
    while len(cut(text, size).encode()) > limit:
        size -= 1
    return cut(text, size)


def _holds_together(left: str, right: str) -> bool:
    word = left.isascii() and right.isascii() and left.isalnum() and right.isalnum()
    return word or left in _JOINERS or right in _JOINERS
