import re
from functools import lru_cache

from content.theming.declarations import gather, read, write
from content.theming.properties import KEPT

# A backslash may spell url( in another way.
LEADS_OUTSIDE = re.compile(r"url\s*\(|image-set|\\|expression|@import", re.IGNORECASE)
_MAX_STYLES = 4_096
_MAX_CHARS = 4_000

# The functions that stand in a value; none of them loads anything.
_FUNCTION = re.compile(
    r"(?<![\w-])(?:rgba?|hsla?|calc)\((?:[\w\s.,%+*/#-]++|(?<=[\s(])\([\w\s.,%+*/-]*+\))*+\)"
)
# Words, numbers, lengths, colours, and names of fonts in quotes.
_WORDS = re.compile(r"(?:[^\x00-\x1f\x7f;:{}()<>@\\\"'`]++|'[^\x00-\x1f;{}()<>@\\\"'`]*+')*+")
_DEAD_DISPLAY = re.compile(r"(?:inline-)?(?:flex|grid)", re.IGNORECASE)


@lru_cache(maxsize=_MAX_STYLES)
def clean_style(style: str) -> str | None:
    """The declarations of a `style` attribute that WeChat keeps; None when there is none."""
    if len(style) > _MAX_CHARS:
        return None
    kept = (
        (name, value)
        for name, value in read(style)
        if name in KEPT and _is_plain(value) and not _is_dead(name, value)
    )
    return write(gather(kept)) or None


def _is_plain(value: str) -> bool:
    return _WORDS.fullmatch(_FUNCTION.sub("", value) if "(" in value else value) is not None


def _is_dead(name: str, value: str) -> bool:
    return name == "display" and _DEAD_DISPLAY.fullmatch(value) is not None
