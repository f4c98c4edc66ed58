from dataclasses import dataclass

from content.pictures.errors import ImageTooManyPixels

MAX_PIXELS = 40_000_000
MAX_SIDE_PX = 16_384


class TooManySegments(Exception):
    """The file repeats its parts, to keep whoever reads them busy."""


@dataclass(frozen=True, slots=True)
class Stripped:
    """What a look at a file's segments tells, without decoding a pixel."""

    width: int
    height: int
    data: bytes  # the same picture without its metadata
    fits: bool  # nothing about it wants another encoding (orientation, colours, a rare coding)
    moves: bool = False  # it was an animation; of a PNG, `data` holds the still alone


def check_pixels(width: int, height: int, picture: str) -> None:
    """Raise ImageTooManyPixels for a picture that would take too much to decode."""
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_PIXELS:
        raise ImageTooManyPixels(picture=picture, width=width, height=height)
