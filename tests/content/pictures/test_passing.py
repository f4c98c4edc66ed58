from typing import Any

import pytest

from content.pictures.errors import ImageTooComplex, ImageTooManyPixels
from content.pictures.jpeg import MAX_SEGMENTS
from content.pictures.passing import fit, pass_through
from tests.content.conftest import encode, halves, photo

LIMIT = 999_999


def _arguments(content_type: str, limit: int = LIMIT) -> dict[str, Any]:
    return {"content_type": content_type, "limit": limit, "picture": "x"}


@pytest.mark.parametrize(("kind", "content_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_what_fits_keeps_its_bytes(kind: str, content_type: str) -> None:
    data = encode(halves(), kind)
    assert pass_through(data, content_type, limit=LIMIT, picture="x") == data
    assert fit(_arguments(content_type), data) == (
        {"content_type": content_type, "action": "passed"},
        data,
    )


def test_what_is_too_long_or_another_kind_is_encoded_anew() -> None:
    png = encode(photo(50, 50), "PNG")
    assert pass_through(png, "image/png", limit=len(png) - 1, picture="x") is None
    assert pass_through(encode(halves(), "GIF"), "image/gif", limit=LIMIT, picture="x") is None
    result, data = fit(_arguments("image/png", limit=len(png) - 1), png)
    assert (result["content_type"], data[:2]) == ("image/jpeg", b"\xff\xd8")


def test_hostile_headers_are_refused_by_name() -> None:
    jpeg = encode(photo(8, 8), "JPEG")
    many = jpeg[:2] + b"\xff\xfe\0\2" * MAX_SEGMENTS + jpeg[2:]
    with pytest.raises(ImageTooComplex, match="x"):
        pass_through(many, "image/jpeg", limit=LIMIT, picture="x")
    size = jpeg.index(b"\xff\xc0") + 5
    wide = jpeg[:size] + b"\xff\xff\xff\xff" + jpeg[size + 4 :]
    with pytest.raises(ImageTooManyPixels):
        pass_through(wide, "image/jpeg", limit=LIMIT, picture="x")
