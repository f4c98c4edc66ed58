"""What stands where a picture could not be had. Runs in a worker process."""

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from content.pictures.fonts import chinese_font

_SIZE = (900, 240)
_FONT_PX = 30
_MAX_CHARS = 28
_GROUND, _FRAME, _TEXT = (246, 247, 249), (222, 225, 230), (120, 126, 136)


def draw_placeholder(alt: str) -> bytes:
    """A PNG in neutral colours: a frame, a mountain and a sun, and `alt` where a font allows."""
    image = Image.new("RGB", _SIZE, _GROUND)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, _SIZE[0] - 1, _SIZE[1] - 1), outline=_FRAME, width=2)
    middle = _SIZE[0] // 2
    found = chinese_font()
    words = _line(alt) if found is not None else ""
    top = 60 if words else 80
    draw.rounded_rectangle((middle - 56, top, middle + 56, top + 80), 8, outline=_FRAME, width=4)
    draw.ellipse((middle - 38, top + 16, middle - 20, top + 34), fill=_FRAME)
    draw.polygon(
        [(middle - 42, top + 68), (middle - 4, top + 30), (middle + 42, top + 68)], fill=_FRAME
    )
    if words and found is not None:
        font = ImageFont.truetype(found.path, _FONT_PX)
        draw.text((middle, top + 120), words, fill=_TEXT, font=font, anchor="mm")
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _line(alt: str) -> str:
    # Emoji and rare ideographs are not in the fonts and would be drawn as boxes.
    text = " ".join("".join(char for char in alt if ord(char) < 0x10000).split())
    text = "".join(char for char in text if char.isprintable())
    return text if len(text) <= _MAX_CHARS else text[: _MAX_CHARS - 1] + "…"
