"""Make any picture one that WeChat takes. Runs in a worker process, nowhere else."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from content.pictures.animation import shrink_animation
from content.pictures.decode import decode, open_image
from content.pictures.encode import Encoded, encode, on_white, resized
from content.pictures.errors import ImageInvalid
from content.pictures.passing import look, may_pass
from content.pictures.svg import svg_to_png
from content.pictures.target import PictureOptions, Target
from core.errors import GatewayError

_DRAWN_WIDTH_PX = 2_048


def encode_anew(
    data: bytes,
    content_type: str,
    target: Target,
    options: PictureOptions,
    picture: str,
    *,
    moves: bool = False,
) -> tuple[Encoded, str]:
    """`data` as `target` takes it, and what was done: converted, shrunk, still.

    Raises ImageTooManyPixels, ImageTooComplex, ImageInvalid, ImageCannotFit, ImageExtraMissing;
    MemoryError passes through. `moves`: it is an animation, to be kept one if that can be.
    """
    with _guarded(picture):
        if content_type == "image/svg+xml":
            return _drawn(data, target, options, picture)
        if content_type == "image/gif" and moves:
            smaller = shrink_animation(data, target, options)
            if smaller is not None:
                return Encoded(smaller, content_type, squeezed=True), "shrunk"
        return _still(data, content_type, target, options, picture)


def small_copy(
    data: bytes, content_type: str, side_px: int, picture: str
) -> tuple[Image.Image, tuple[int, int]]:
    """A small picture of `data` and the size it has, upright; raises as `encode_anew` does."""
    with _guarded(picture):
        if content_type == "image/svg+xml":
            data, content_type = (
                svg_to_png(data, picture=picture, max_width=side_px)[0],
                "image/png",
            )
        decoded = decode(open_image(data, content_type, picture), halve_to_px=side_px)
        image = decoded.image
        image = on_white(image) if image.mode == "RGBA" else image.convert("RGB")
        image.thumbnail((side_px, side_px))
        return image, decoded.full_size


@contextmanager
def _guarded(picture: str) -> Iterator[None]:
    """Whatever a decoder raises says that the picture is broken."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of corrupt metadata, which is left out anyway
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (GatewayError, MemoryError):
        raise
    except Exception as exc:
        raise ImageInvalid(picture=picture) from exc


def _drawn(
    data: bytes, target: Target, options: PictureOptions, picture: str
) -> tuple[Encoded, str]:
    width = min(options.max_width_px or _DRAWN_WIDTH_PX, _DRAWN_WIDTH_PX)
    png, _ = svg_to_png(data, picture=picture, max_width=width)
    stripped = look(png, "image/png", picture=picture)
    if stripped is not None and may_pass(stripped, "image/png", target, width):
        return Encoded(stripped.data, "image/png", squeezed=False), "converted"
    return _still(png, "image/png", target, options, picture)


def _still(
    data: bytes, content_type: str, target: Target, options: PictureOptions, picture: str
) -> tuple[Encoded, str]:
    image = open_image(data, content_type, picture)
    width = options.max_width_px or image.width
    halve_to = min(target.min_width_px, width) if len(data) > target.max_bytes else width
    image, _, smaller, moves = decode(image, halve_to_px=halve_to)
    if image.width > width:
        image, smaller = resized(image, width), True
    encoded = encode(image, target, options.quality, picture)
    if moves:
        return encoded, "still"
    return encoded, "shrunk" if smaller or encoded.squeezed else "converted"
