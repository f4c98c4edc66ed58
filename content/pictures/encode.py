"""Encode a picture within a limit. Runs in a worker process, nowhere else."""

import math
from io import BytesIO
from typing import NamedTuple

from PIL import Image

from content.pictures.errors import ImageCannotFit
from content.pictures.target import Target

_LOWEST_QUALITY = 65
_QUALITY_PER_LOG = 0.028  # bytes grow by e^(0.028 × quality), reference performance.md §4
_FLAT_COLORS = 256
_TRIES = 5
_WHITE = (255, 255, 255)


class Encoded(NamedTuple):
    """What can be sent."""

    data: bytes
    content_type: str
    squeezed: bool  # it was over the limit at first


def encode(image: Image.Image, target: Target, quality: int, picture: str) -> Encoded:
    """`image` (RGB, RGBA or L) as PNG where that loses nothing or alpha matters, else as JPEG.

    Raises ImageCannotFit.
    """
    lossless = "image/png" in target.types
    if image.mode == "RGBA":
        if lossless and image.getchannel("A").getextrema() != (255, 255):
            data = _png(image, target.max_bytes)
            if data is not None:
                return Encoded(data, "image/png", squeezed=False)
        image = on_white(image)
    elif lossless and (flat := _flat(image)) is not None:
        data = _png(flat, target.max_bytes)
        if data is not None:
            return Encoded(data, "image/png", squeezed=False)
    return _jpeg(image.convert("RGB"), target.max_bytes, quality, picture)


def on_white(image: Image.Image) -> Image.Image:
    """An RGBA picture on a white page."""
    page = Image.new("RGB", image.size, _WHITE)
    page.paste(image, mask=image.getchannel("A"))
    return page


def resized(image: Image.Image, width: int) -> Image.Image:
    """`image` at `width`, in its proportions."""
    height = max(1, round(image.height * width / image.width))
    return image.resize((max(1, width), height), Image.Resampling.LANCZOS, reducing_gap=2)


def _flat(image: Image.Image) -> Image.Image | None:
    """The image with a palette, if it has few enough colours to lose none (diagrams, GIFs)."""
    if image.mode != "RGB" or image.getcolors(_FLAT_COLORS) is None:
        return None
    return image.quantize(_FLAT_COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def _png(image: Image.Image, limit: int) -> bytes | None:
    """The image as PNG, with a palette if need be; None if it is over the limit even so."""
    out = BytesIO()
    image.save(out, "PNG")
    if out.tell() > limit and image.mode == "RGBA":
        out = BytesIO()
        image.quantize(256, Image.Quantize.FASTOCTREE).save(out, "PNG")
    return out.getvalue() if out.tell() <= limit else None


def _jpeg(image: Image.Image, limit: int, best_quality: int, picture: str) -> Encoded:
    """One encoding as a rule; if it is over the limit, a lower quality, then a smaller size."""
    quality = best_quality
    lowest = min(_LOWEST_QUALITY, best_quality)
    for attempt in range(_TRIES):
        out = BytesIO()
        image.save(out, "JPEG", quality=quality)
        size = out.tell()
        if size <= limit:
            return Encoded(out.getvalue(), "image/jpeg", squeezed=attempt > 0)
        needed = quality - math.ceil(math.log(size / limit) / _QUALITY_PER_LOG) - 1
        if needed < lowest:
            expected = size * math.exp(_QUALITY_PER_LOG * (lowest - quality))
            scale = min(0.95, 0.95 * math.sqrt(limit / expected))
            image = resized(image, int(image.width * scale))
        quality = max(needed, lowest)
    raise ImageCannotFit(picture=picture, limit=limit)
