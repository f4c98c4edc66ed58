from math import ceil

from content.manuscript import Body, Manuscript

_READ_PER_MINUTE = 400  # Chinese characters


def count_text(manuscript: Manuscript) -> None:
    """Count what the finished article holds."""
    characters = len(Body(manuscript.html).plain())
    manuscript.stats = {
        "characters": characters,
        "bytes": len(manuscript.html.encode()),
        "reading_minutes": max(1, ceil(characters / _READ_PER_MINUTE)),
    }
