"""Put a title on a cover. Runs in a worker process."""

import re
import unicodedata
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from content.pictures.fonts import chinese_font

# Letters in px, and in how many lines they still look well.
_SIZES = ((112, 1), (88, 1), (68, 2), (60, 2), (54, 3), (48, 3), (42, 4), (36, 5), (31, 6))
_LEADING = 1.32  # line to line, of the letters' size
_ROOM_WIDE = 0.92  # of the height: the title stays inside the middle square
_MAX_CHARS = 64
# A word that is not to be broken, unless it is endless, or any one character.
_PIECE = re.compile(r"[A-Za-z0-9][\w.+#%&/@'’-]{0,17}|\s+|.", re.ASCII)
_NOT_FIRST = frozenset("，。、！？：；）》」』】”’…—,.!?:;)]}%")
_NOT_LAST = frozenset("（《「『【“‘([{")
_SHADOW = (0, 0, 0, 70)


def write_title(image: Image.Image, title: str, *, ink: tuple[int, int, int]) -> None:
    """Write `title` in the middle of `image`; nothing, if the system has no font for Chinese."""
    text = plain_title(title)
    if not text or chinese_font() is None:
        return
    font, lines = _set(text, image.height * _ROOM_WIDE)
    layer = Image.new("RGBA", image.size, (*ink, 0))
    draw = ImageDraw.Draw(layer)
    leading = font.size * _LEADING
    top = image.height / 2 - leading * (len(lines) - 1) / 2
    for number, line in enumerate(lines):
        middle = (image.width / 2, top + number * leading)
        if ink == (255, 255, 255):
            draw.text((middle[0], middle[1] + 2), line, fill=_SHADOW, font=font, anchor="mm")
        draw.text(middle, line, fill=(*ink, 255), font=font, anchor="mm")
    image.paste(layer, mask=layer)


def plain_title(title: str) -> str:
    """`title` without emoji and what else would be drawn as a box."""
    kept = (
        char
        for char in unicodedata.normalize("NFC", title)
        if ord(char) < 0x10000 and unicodedata.category(char) not in ("So", "Cc", "Cf", "Cs", "Co")
    )
    return " ".join("".join(kept).split())[:_MAX_CHARS]


def break_lines(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Lines of at most `width` px: words stay whole, punctuation where it belongs."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if font.getlength((line + piece).strip()) <= width or not line.strip():
            line += piece
        else:
            lines.append(line.strip())
            line = piece
    return [*lines, line.strip()]


def _pieces(text: str) -> list[str]:
    """What must not be torn apart: words, and characters with the punctuation around them."""
    pieces: list[str] = []
    for piece in _PIECE.findall(text):
        joined = pieces and (piece in _NOT_FIRST or pieces[-1][-1] in _NOT_LAST)
        if joined and len(pieces[-1]) < _MAX_CHARS // 4:
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def _set(text: str, wide: float) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """The largest letters in which the title fits, in lines of about the same length."""
    for size, most in _SIZES:
        font = _font(size)
        lines = break_lines(text, font, wide)
        fits = all(font.getlength(line) <= wide for line in lines)
        if fits and len(lines) <= most:
            return font, _evened(text, font, lines)
    return font, lines[:most]


def _evened(text: str, font: ImageFont.FreeTypeFont, lines: list[str]) -> list[str]:
    """As many lines, as narrow as may be: no single character on the last."""
    widths = sorted(
        {font.getlength(line[:end]) for line in lines for end in range(1, len(line) + 1)}
    )
    for width in widths:
        tried = break_lines(text, font, width)
        if len(tried) == len(lines) and all(font.getlength(line) <= width for line in tried):
            return tried
    return lines


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    found = chinese_font()
    assert found is not None  # noqa: S101 - asked before
    return ImageFont.truetype(found.path, size, index=found.face)
