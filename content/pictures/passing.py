from typing import Any

from content.pictures.bmp import strip_bmp
from content.pictures.errors import ImageTooComplex
from content.pictures.gif import strip_gif
from content.pictures.header import Stripped, TooManySegments, check_pixels
from content.pictures.jpeg import strip_jpeg
from content.pictures.png import strip_png
from content.pictures.target import TARGETS, PictureOptions, Target

_STRIP = {
    "image/jpeg": strip_jpeg,
    "image/png": strip_png,
    "image/gif": strip_gif,
    "image/bmp": strip_bmp,
}


def look(data: bytes, content_type: str, *, picture: str) -> Stripped | None:
    """What `data` is by its segments; None if only a decoder could tell.

    Raises ImageTooManyPixels and ImageTooComplex. Takes time in step with the length of `data`.
    """
    strip = _STRIP.get(content_type)
    if strip is None:
        return None
    try:
        stripped = strip(data)
    except TooManySegments:
        raise ImageTooComplex(picture=picture) from None
    if stripped is not None:
        check_pixels(stripped.width, stripped.height, picture)
    return stripped


def may_pass(stripped: Stripped, content_type: str, target: Target, max_width_px: int) -> bool:
    """Whether the picture may stay as it is, but for its metadata."""
    moves = stripped.moves and content_type == "image/gif"
    limit = target.max_animation_bytes if moves else target.max_bytes
    return (
        stripped.fits
        and (moves or content_type in target.types)
        and len(stripped.data) <= limit
        and not 0 < max_width_px < stripped.width
    )


def fit(arguments: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """`data` of `content_type` as `target` takes it. Runs in a worker process: it needs Pillow.

    Answers its type, and the action: passed, converted, shrunk, still. Raises ImageTooManyPixels,
    ImageTooComplex, ImageInvalid, ImageCannotFit, ImageExtraMissing; MemoryError passes through.
    """
    target = TARGETS[arguments["target"]]
    options = PictureOptions(*arguments["options"])
    content_type, picture = arguments["content_type"], arguments["picture"]
    stripped = look(data, content_type, picture=picture)
    if stripped is not None and may_pass(stripped, content_type, target, options.max_width_px):
        is_still = stripped.moves and content_type != "image/gif"
        return {
            "content_type": content_type,
            "action": "still" if is_still else "passed",
        }, stripped.data
    from content.pictures.codec import encode_anew

    moves = stripped is not None and stripped.moves
    encoded, action = encode_anew(data, content_type, target, options, picture, moves=moves)
    return {"content_type": encoded.content_type, "action": action}, encoded.data
