from content.manuscript import Body, Manuscript
from content.steps.products import PLACE
from wechat.limits import DEFAULT_DIGEST_CHARS

_NOT_PROSE = (
    "pre, svg, table, h1, h2, h3, h4, h5, h6, figcaption, title, style, script, noscript, template,"
    " .toc, .references, sup.footnote, .markdown-alert-title, rp, rt"
)
_JOINERS = "\u200d\ufe0e\ufe0f"  # hold the parts of an emoji together


def add_digest(manuscript: Manuscript) -> None:
    """Begin the digest with the text, as WeChat would, where none was given.

    Better than WeChat's own: without headings, code and tables, and not cut inside a word.
    """
    if manuscript.string("digest"):
        return
    body = Body(manuscript.html)
    for node in body.css(_NOT_PROSE):
        node.decompose()
    manuscript.digest_from_text = True
    manuscript.fields["digest"] = cut(PLACE.sub("", body.words()).strip(), DEFAULT_DIGEST_CHARS)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, ending neither inside a word nor inside an emoji."""
    if len(text) <= limit:
        return text
    end = limit - 1  # one is for the ellipsis
    while end and _holds_together(text[end - 1], text[end]):
        end -= 1
    return text[: end or limit - 1].rstrip(" ，、；：,;:") + "…"


def _holds_together(left: str, right: str) -> bool:
    word = left.isascii() and right.isascii() and left.isalnum() and right.isalnum()
    return word or left in _JOINERS or right in _JOINERS
