"""A cover for an article without pictures. Runs in a worker process."""

import colorsys
import hashlib
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from content.pictures.fonts import chinese_font

_SIZE = (900, 383)  # 2.35 : 1, what WeChat shows above the title in lists
_FONT_PX = 52
_LINE_CHARS = 14
_LINES = 3


def draw_cover(title: str) -> bytes:
    """A JPEG whose colours and shapes follow from `title`; with the title where a font allows."""
    seed = hashlib.sha256(title.encode()).digest()
    image = _gradient(_color(seed[0], 0.55), _color(seed[0] + 36, 0.85)).convert("RGBA")
    for index in range(5):
        x, y, radius, light = seed[1 + index * 4 : 5 + index * 4]
        image.alpha_composite(_disc(x * 4 - 60, int(y * 1.5), 50 + radius // 2, 14 + light // 8))
    font = chinese_font()
    if font is not None:
        _write(image, title, ImageFont.truetype(font.path, _FONT_PX))
    out = BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def _color(hue: int, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 256 / 256, 0.55, value)
    return int(red * 255), int(green * 255), int(blue * 255)


def _gradient(start: tuple[int, int, int], end: tuple[int, int, int]) -> Image.Image:
    slope = Image.linear_gradient("L").rotate(60, Image.Resampling.BICUBIC, expand=True)
    middle = slope.width // 2
    # Of the turned square only the middle is whole.
    inner = slope.crop((middle - 80, middle - 80, middle + 80, middle + 80)).resize(_SIZE)
    return Image.composite(Image.new("RGB", _SIZE, end), Image.new("RGB", _SIZE, start), inner)


def _disc(x: int, y: int, radius: int, opacity: int) -> Image.Image:
    layer = Image.new("RGBA", _SIZE, (255, 255, 255, 0))
    box = (x - radius, y - radius, x + radius, y + radius)
    ImageDraw.Draw(layer).ellipse(box, fill=(255, 255, 255, opacity))
    return layer


def _write(image: Image.Image, title: str, font: ImageFont.FreeTypeFont) -> None:
    # Emoji and rare ideographs are not in these fonts and would be drawn as boxes.
    text = "".join(char for char in title if ord(char) < 0x10000 and char.isprintable())
    lines = [text[at : at + _LINE_CHARS] for at in range(0, len(text), _LINE_CHARS)][:_LINES]
    center = (_SIZE[0] // 2, _SIZE[1] // 2)
    ImageDraw.Draw(image).multiline_text(
        center, "\n".join(lines), fill="white", font=font, anchor="mm", align="center", spacing=18
    )
