"""Draws the six pictures of the sandbox's sample article into sandbox/sample/.

Run it again only to change them; the results are committed. Deterministic: same bytes with the
same Pillow.
"""

import math
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

OUT = Path(__file__).resolve().parent.parent / "sandbox" / "sample"
WIDTH, HEIGHT = 1080, 608
INK, GREEN, BLUE, AMBER, PAPER = "#1f2937", "#07c160", "#2563eb", "#f59e0b", "#f8fafc"


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own typeface, so that no font has to be installed."""
    return ImageFont.load_default(size)


def sky(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Image.Image:
    """A canvas that fades from `top` to `bottom`."""
    column = Image.new("RGB", (1, HEIGHT))
    for y in range(HEIGHT):
        share = y / (HEIGHT - 1)
        mixed = [round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True)]
        column.putpixel((0, y), (mixed[0], mixed[1], mixed[2]))
    return column.resize((WIDTH, HEIGHT))


def hills(image: Image.Image, colours: list[str], seed: int) -> None:
    """Layers of hills, the farthest first."""
    dice = random.Random(seed)  # noqa: S311 - only draws
    draw = ImageDraw.Draw(image)
    for layer, colour in enumerate(colours):
        base = HEIGHT * (0.5 + 0.14 * layer)
        phase, wide = dice.uniform(0, 6), dice.uniform(90, 170)
        edge = [
            (x, base + 38 * math.sin(x / wide + phase) + 14 * math.sin(x / 37 + phase))
            for x in range(0, WIDTH + 6, 6)
        ]
        draw.polygon([(0, HEIGHT), *edge, (WIDTH, HEIGHT)], fill=colour)


def morning() -> None:
    """Hills before sunrise, the cover."""
    image = sky((255, 214, 165), (255, 245, 235))
    ImageDraw.Draw(image).ellipse((700, 130, 860, 290), fill="#fff3c4")
    image = image.filter(ImageFilter.GaussianBlur(3))
    hills(image, ["#a7c4bc", "#6f9f93", "#3f7568", "#1f4a40"], seed=1)
    image.save(OUT / "morning.jpg", quality=82, optimize=True)


def night() -> None:
    """Hills under stars."""
    image = sky((10, 16, 44), (52, 62, 120))
    draw = ImageDraw.Draw(image)
    dice = random.Random(2)  # noqa: S311 - only draws
    for _ in range(160):
        x, y, size = dice.randrange(WIDTH), dice.randrange(HEIGHT // 2), dice.choice((1, 1, 2, 3))
        draw.ellipse((x, y, x + size, y + size), fill="#f8fafc")
    draw.ellipse((180, 90, 280, 190), fill="#fde68a")
    hills(image, ["#2b2f63", "#1d2149", "#101331"], seed=4)
    image.save(OUT / "night.webp", quality=80, method=6)


def flow() -> None:
    """The steps of a publication."""
    image = Image.new("RGB", (WIDTH, 360), PAPER)
    draw = ImageDraw.Draw(image)
    steps = (("Markdown", BLUE), ("HTML", BLUE), ("images", AMBER), ("draft", GREEN), ("page", INK))
    for at, (label, colour) in enumerate(steps):
        left = 36 + at * 208
        draw.rounded_rectangle(
            (left, 120, left + 160, 240), 18, fill="white", outline=colour, width=5
        )
        draw.text((left + 80, 180), label, fill=colour, font=font(30), anchor="mm")
        if at < len(steps) - 1:
            draw.line((left + 166, 180, left + 194, 180), fill=INK, width=5)
            draw.polygon([(left + 192, 168), (left + 206, 180), (left + 192, 192)], fill=INK)
    image.quantize(64).save(OUT / "flow.png", optimize=True)


def tokens() -> None:
    """Two tokens whose lives overlap."""
    image = Image.new("RGB", (WIDTH, 420), PAPER)
    draw = ImageDraw.Draw(image)
    for row, (label, start, end, colour) in enumerate(
        (("token A", 60, 640, GREEN), ("token B", 590, 1020, BLUE))
    ):
        top = 110 + row * 120
        draw.rounded_rectangle((start, top, end, top + 70), 14, fill=colour)
        draw.text(((start + end) / 2, top + 35), label, fill="white", font=font(32), anchor="mm")
    for x in (590, 640):
        draw.line((x, 70, x, 330), fill=AMBER, width=4)
    draw.text((615, 48), "5 min", fill=AMBER, font=font(30), anchor="mm")
    draw.line((40, 350, 1040, 350), fill=INK, width=4)
    draw.text((1040, 384), "time", fill=INK, font=font(28), anchor="rm")
    image.quantize(64).save(OUT / "tokens.png", optimize=True)


def bars() -> None:
    """Durations that fall."""
    image = Image.new("RGB", (WIDTH, 480), PAPER)
    draw = ImageDraw.Draw(image)
    heights = (300, 260, 190, 130, 84, 60, 48, 40)
    for at, height in enumerate(heights):
        left = 90 + at * 118
        colour = BLUE if at < 3 else GREEN
        draw.rounded_rectangle((left, 400 - height, left + 76, 400), 10, fill=colour)
        draw.text((left + 38, 384 - height), str(height), fill=INK, font=font(26), anchor="mm")
        draw.text((left + 38, 428), f"#{at + 1}", fill=INK, font=font(26), anchor="mm")
    draw.line((60, 400, 1040, 400), fill=INK, width=4)
    image.save(OUT / "bars.webp", lossless=True, method=6)


def harbour() -> None:
    """Three boats."""
    image = sky((198, 226, 255), (240, 248, 255))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 400, WIDTH, HEIGHT), fill="#3b82a6")
    dice = random.Random(6)  # noqa: S311 - only draws
    for _ in range(130):
        x, y = dice.randrange(WIDTH), dice.randrange(410, HEIGHT)
        draw.line((x, y, x + dice.randrange(20, 90), y), fill="#6fb1cf", width=2)
    for left, size, colour in ((140, 1.0, "#dc2626"), (520, 1.4, "#f8fafc"), (850, 0.8, AMBER)):
        wide, top = round(170 * size), 420 - round(34 * size)
        draw.polygon(
            [(left, top), (left + wide, top), (left + wide - 28, 436), (left + 28, 436)], fill=INK
        )
        mast = left + wide // 2
        draw.line((mast, top, mast, top - 190 * size), fill=INK, width=5)
        draw.polygon(
            [(mast + 6, top - 8), (mast + 6, top - 180 * size), (mast + 84 * size, top - 8)],
            fill=colour,
        )
    image.save(OUT / "harbour.jpg", quality=82, optimize=True)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for draw_one in (morning, night, flow, tokens, bars, harbour):
        draw_one()
    for path in sorted(OUT.glob("*.*")):
        print(f"{path.name}: {path.stat().st_size} bytes")
