from math import ceil

from content.manuscript import Body, Manuscript

_READ_PER_MINUTE = 400  # Chinese characters


def count_text(manuscript: Manuscript) -> None:
    """Count what the finished article holds."""
    html = manuscript.html
    is_plain = manuscript.article_type == "newspic"
    characters = len(html if is_plain else Body(html).plain())
    manuscript.stats = {
        "characters": characters,
        "bytes": len(html.encode()),
        "reading_minutes": max(1, ceil(characters / _READ_PER_MINUTE)),
    }
