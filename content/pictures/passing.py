from typing import Any

from content.pictures.errors import ImageTooComplex
from content.pictures.header import TooManySegments, check_pixels
from content.pictures.jpeg import strip_jpeg
from content.pictures.png import strip_png

_STRIP = {"image/jpeg": strip_jpeg, "image/png": strip_png}


def pass_through(data: bytes, content_type: str, *, limit: int, picture: str) -> bytes | None:
    """`data` without its metadata; None if it has to be encoded anew.

    Raises ImageTooManyPixels and ImageTooComplex. Takes time in step with the length of `data`.
    """
    strip = _STRIP.get(content_type)
    if strip is None:
        return None
    try:
        stripped = strip(data)
    except TooManySegments:
        raise ImageTooComplex(picture=picture) from None
    if stripped is None:
        return None
    check_pixels(stripped.width, stripped.height, picture)
    return stripped.data if stripped.fits and len(stripped.data) <= limit else None


def fit(arguments: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """`data` passed through or encoded anew. Runs in a worker process: it needs Pillow."""
    from content.pictures import codec

    content_type, limit = arguments["content_type"], arguments["limit"]
    passed = pass_through(data, content_type, limit=limit, picture=arguments["picture"])
    if passed is not None:
        return {"content_type": content_type, "action": "passed"}, passed
    return codec.fit(arguments, data)
