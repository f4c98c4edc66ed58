from io import BytesIO
from random import Random
from typing import Any

import pytest
from PIL import Image

from content.pictures.cover import _PAINTERS, _Canvas, _palette, draw_cover


def test_a_cover_has_the_shape_of_wechats_lists() -> None:
    data = draw_cover("微信公众号")
    with Image.open(BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (900, 383))
    assert len(data) < 200_000


def test_the_same_title_has_the_same_cover_and_another_one_another() -> None:
    assert draw_cover("a") == draw_cover("a") != draw_cover("b")


@pytest.mark.parametrize("title", ["", "😀" * 32, "字" * 32, "\0\n\u202e", "x" * 500])
def test_any_title_can_be_drawn(title: str) -> None:
    assert draw_cover(title).startswith(b"\xff\xd8")


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("painter", _PAINTERS)
def test_a_title_can_be_read_on_every_layout(painter: object, seed: int) -> None:
    canvas = _Canvas(_palette(Random(seed)))
    painter(canvas, Random(seed))  # type: ignore[operator]
    image = canvas.finished()
    middle = image.crop((270, 30, 630, 353))
    below, ink = _luminance(middle.resize((1, 1)).getpixel((0, 0))), _luminance(canvas.ink)
    # WCAG 2.2, 1.4.3: large letters.
    assert (max(below, ink) + 0.05) / (min(below, ink) + 0.05) >= 3


def _luminance(color: Any) -> float:
    weights = (0.2126, 0.7152, 0.0722)
    linear = (float(((channel / 255 + 0.055) / 1.055) ** 2.4) for channel in color)
    return sum(weight * channel for weight, channel in zip(weights, linear, strict=True))
