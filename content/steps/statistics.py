from html import escape
from math import ceil

from content.keywords import keywords
from content.manuscript import Body, Manuscript
from content.markdown.letters import count_han, count_words

_HAN_PER_MINUTE = 400
_WORDS_PER_MINUTE = 200
_CODE_LINE_S = 2
_PICTURE_S = 5


def count_text(manuscript: Manuscript) -> None:
    """Count what the finished article holds, and find its keywords if they are wanted."""
    html = manuscript.html
    # A newspic's text is plain.
    body = Body(escape(html) if manuscript.article_type == "newspic" else html)
    characters = len(body.plain())
    code_lines = 0
    for block in body.css("pre"):
        code_lines += 1 + max((block.html or "").count("<br"), block.text().count("\n"))
        block.decompose()
    prose = body.words()
    minutes = (
        count_han(prose) / _HAN_PER_MINUTE
        + count_words(prose) / _WORDS_PER_MINUTE
        + (code_lines * _CODE_LINE_S + len(manuscript.images) * _PICTURE_S) / 60
    )
    manuscript.stats = {
        "characters": characters,
        "bytes": len(html.encode()),
        "reading_minutes": max(1, ceil(minutes)),
    }
    if manuscript.wants_keywords:
        manuscript.keywords = keywords(manuscript.string("title"), prose)
