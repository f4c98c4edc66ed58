"""A cover for an article without pictures. Runs in a worker process."""

import colorsys
import hashlib
import math
from collections.abc import Callable
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw

from content.pictures.gate import COVER_SIZE
from content.pictures.titles import write_title

Color = tuple[int, int, int]
_Painter = Callable[["_Canvas", Random], None]

_SCALE = 2  # painted at twice the size and made smaller: smooth edges
_HUES = (205, 222, 168, 142, 350, 330, 265, 190, 248, 290)  # that go with white letters


def draw_cover(title: str) -> bytes:
    """A JPEG whose colours and shapes follow from `title`; with the title where a font allows.

    What matters is in the middle square, which is all that some lists show.
    """
    random = Random(hashlib.sha256(title.encode()).digest())  # noqa: S311 - shapes, no secrets
    canvas = _Canvas(_palette(random))
    random.choice(_PAINTERS)(canvas, random)
    image = canvas.finished()
    write_title(image, title, ink=canvas.ink)
    out = BytesIO()
    image.save(out, "JPEG", quality=92)
    return out.getvalue()


class _Canvas:
    """What painters paint on: measures in px of the cover, colours of one family."""

    def __init__(self, palette: tuple[Color, Color, Color]) -> None:
        self.deep, self.main, self.light = palette
        self.ink: Color = (255, 255, 255)
        self.width, self.height = COVER_SIZE
        self._image = Image.new("RGB", (self.width * _SCALE, self.height * _SCALE), self.main)

    def gradient(self, start: Color, end: Color) -> None:
        """From the upper left to the lower right."""
        mask = Image.linear_gradient("L").rotate(45, Image.Resampling.BICUBIC, fillcolor=128)
        inner = mask.crop((64, 64, 192, 192)).resize(self._image.size, Image.Resampling.BICUBIC)
        below, above = (Image.new("RGB", self._image.size, color) for color in (start, end))
        self._image = Image.composite(above, below, inner)

    def disc(self, x: float, y: float, radius: float, color: Color, opacity: float) -> None:
        """A filled circle around a point."""
        self._blend(color, opacity, lambda draw: draw.ellipse(_box(x, y, radius), fill=255))

    def ring(self, x: float, y: float, radius: float, color: Color, opacity: float) -> None:
        """A circle around a point."""
        box = _box(x, y, radius)
        self._blend(color, opacity, lambda draw: draw.ellipse(box, outline=255, width=4 * _SCALE))

    def shape(self, points: list[tuple[float, float]], color: Color, opacity: float) -> None:
        """A filled polygon."""
        scaled = [(x * _SCALE, y * _SCALE) for x, y in points]
        self._blend(color, opacity, lambda draw: draw.polygon(scaled, fill=255))

    def finished(self) -> Image.Image:
        """The picture at its size."""
        return self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)

    def _blend(
        self, color: Color, opacity: float, paint: Callable[[ImageDraw.ImageDraw], None]
    ) -> None:
        mask = Image.new("L", self._image.size)
        paint(ImageDraw.Draw(mask))
        self._image.paste(color, mask=mask.point(lambda value: round(value * opacity)))


def _palette(random: Random) -> tuple[Color, Color, Color]:
    """Deep, middle and light tones of one hue, dark enough for white letters."""
    hue = random.choice(_HUES) / 360
    return _color(hue + 0.05, 0.62, 0.36), _color(hue, 0.62, 0.60), _color(hue - 0.05, 0.43, 0.86)


def _color(hue: float, saturation: float, value: float) -> Color:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _box(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return (
        (x - radius) * _SCALE,
        (y - radius) * _SCALE,
        (x + radius) * _SCALE,
        (y + radius) * _SCALE,
    )


def _paint_bubbles(canvas: _Canvas, random: Random) -> None:
    canvas.gradient(canvas.deep, canvas.main)
    for side in (0.0, 1.0):
        for _ in range(4):
            x = canvas.width * (side + random.uniform(-0.05, 0.24) * (1 if side == 0 else -1))
            y = random.uniform(0, canvas.height)
            canvas.disc(x, y, random.uniform(30, 130), canvas.light, random.uniform(0.1, 0.28))


def _paint_rings(canvas: _Canvas, random: Random) -> None:
    canvas.gradient(canvas.main, canvas.deep)
    corners = [(0, canvas.height), (canvas.width, 0), (0, 0), (canvas.width, canvas.height)]
    for x, y in random.sample(corners, 2):
        for radius in range(70, 300, 38):
            canvas.ring(x, y, radius, canvas.light, 0.45 * (1 - radius / 320))


def _paint_hills(canvas: _Canvas, random: Random) -> None:
    canvas.gradient(canvas.deep, canvas.main)
    canvas.disc(canvas.width * random.choice((0.12, 0.88)), 84, 44, canvas.light, 0.85)
    for layer in range(3):
        base = canvas.height * (0.80 + layer * 0.07)
        phase, wave = random.uniform(0, math.tau), random.uniform(150, 260)
        crest = [
            (float(x), base + 22 * math.sin(x / wave + phase) + 9 * math.sin(x / 61 + phase))
            for x in range(0, canvas.width + 12, 12)
        ]
        floor = [(float(canvas.width), float(canvas.height)), (0.0, float(canvas.height))]
        canvas.shape(crest + floor, canvas.light, 0.18 + layer * 0.1)


def _paint_facets(canvas: _Canvas, random: Random) -> None:
    canvas.gradient(canvas.main, canvas.deep)
    step = canvas.height / 4
    for column in range(math.ceil(canvas.width / step)):
        # Next to nothing in the middle, where the title is.
        away = abs((column + 0.5) * step / canvas.width - 0.5) * 2
        for row in range(4):
            x, y = column * step, row * step
            corners = [(x, y), (x + step, y), (x + step, y + step), (x, y + step)]
            corners.pop(random.randrange(4))
            canvas.shape(corners, canvas.light, random.uniform(0, 0.5) * max(0.0, away - 0.35))


def _paint_paper(canvas: _Canvas, random: Random) -> None:
    red, green, blue = canvas.light
    paper = (230 + red // 10, 230 + green // 10, 230 + blue // 10)
    canvas.gradient(paper, paper)
    canvas.ink = canvas.deep
    lean = random.choice((-1, 1)) * canvas.height * 0.3
    for width, color in ((120, canvas.light), (75, canvas.main), (30, canvas.deep)):
        for edge, outside in ((width, -200), (canvas.width - width, canvas.width + 200)):
            upper, lower = (edge + lean / 2, 0.0), (edge - lean / 2, float(canvas.height))
            corners = [(float(outside), 0.0), upper, lower, (float(outside), float(canvas.height))]
            canvas.shape(corners, color, 0.9)


_PAINTERS: tuple[_Painter, ...] = (
    _paint_bubbles,
    _paint_rings,
    _paint_hills,
    _paint_facets,
    _paint_paper,
)
