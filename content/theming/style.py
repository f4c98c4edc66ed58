import re
from collections.abc import Sequence
from functools import lru_cache

from content.theming.declarations import gather, read, write
from content.theming.properties import KEPT

# A backslash may spell url( in another way.
LEADS_OUTSIDE = re.compile(r"(?:url|src)\s*\(|image-set|\\|expression|@import", re.IGNORECASE)
_MAX_STYLES = 4_096
_MAX_CHARS = 4_000

# The functions that stand in a value; none of them loads anything.
_FUNCTION = re.compile(
    r"(?<![\w-])(?:rgba?|hsla?|calc)\((?:[\w\s.,%+*/#-]++|(?<=[\s(])\([\w\s.,%+*/-]*+\))*+\)"
)
# Words, numbers, lengths, colours, and names of fonts in quotes.
_WORDS = re.compile(r"(?:[^\x00-\x1f\x7f;:{}()<>@\\\"'`]++|'[^\x00-\x1f;{}()<>@\\\"'`]*+')*+")
_DEAD_DISPLAY = re.compile(r"(?:inline-)?(?:flex|grid)", re.IGNORECASE)

# A background picture, by its place among the article's pictures.
_BACKGROUND = re.compile(r"url\('picture:([0-9]{1,4})'\)")
_SHOWS_PICTURE = frozenset({"background", "background-image"})


@lru_cache(maxsize=_MAX_STYLES)
def clean_style(style: str) -> str | None:
    """The declarations of a `style` attribute that WeChat keeps; None when there is none."""
    if len(style) > _MAX_CHARS:
        return None
    kept = (
        (name, value)
        for name, value in read(style)
        if name in KEPT and _is_plain(_without_pictures(name, value)) and not _is_dead(name, value)
    )
    return write(gather(kept)) or None


def background(number: int) -> str:
    """How a style names the article's picture `number` until `name_backgrounds`."""
    return f"url('picture:{number}')"


def name_backgrounds(style: str, pictures: Sequence[str]) -> str:
    """`style` with the sources of its background pictures, as `url("…")`."""

    def named(found: re.Match[str]) -> str:
        number = int(found[1])
        return f'url("{pictures[number]}")' if number < len(pictures) else "none"

    return _BACKGROUND.sub(named, style) if "url(" in style else style


def _without_pictures(name: str, value: str) -> str:
    return _BACKGROUND.sub("", value) if name in _SHOWS_PICTURE else value


def _is_plain(value: str) -> bool:
    return _WORDS.fullmatch(_FUNCTION.sub("", value) if "(" in value else value) is not None


def _is_dead(name: str, value: str) -> bool:
    return name == "display" and _DEAD_DISPLAY.fullmatch(value) is not None
