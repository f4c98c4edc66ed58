from typing import Any

import pytest

from content.pictures.errors import ImageTooComplex, ImageTooManyPixels
from content.pictures.jpeg import MAX_SEGMENTS
from content.pictures.passing import fit, look, may_pass
from content.pictures.target import ARTICLE, COVER, MATERIAL, THUMB, Target
from tests.content.conftest import encode, halves, moving, photo


def _fit(
    data: bytes, content_type: str, target: Target = ARTICLE, max_width_px: int = 0
) -> tuple[dict[str, Any], bytes]:
    arguments = {
        "target": target.name,
        "options": [85, max_width_px],
        "picture": "x",
        "content_type": content_type,
    }
    return fit(arguments, data)


def _passes(
    data: bytes, content_type: str, target: Target = ARTICLE, max_width_px: int = 0
) -> bool:
    stripped = look(data, content_type, picture="x")
    assert stripped is not None
    return may_pass(stripped, content_type, target, max_width_px)


@pytest.mark.parametrize(("kind", "content_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_what_fits_keeps_its_bytes(kind: str, content_type: str) -> None:
    data = encode(halves(), kind)
    assert _fit(data, content_type) == ({"content_type": content_type, "action": "passed"}, data)


def test_what_is_too_long_or_too_wide_is_encoded_anew() -> None:
    png = encode(photo(700, 700), "PNG")
    result, data = _fit(png, "image/png")
    assert len(png) > ARTICLE.max_bytes
    assert (result["content_type"], data[:2]) == ("image/jpeg", b"\xff\xd8")
    small = encode(halves(), "PNG")
    assert _passes(small, "image/png", max_width_px=80)
    assert not _passes(small, "image/png", max_width_px=79)


def test_each_target_takes_its_own_kinds() -> None:
    gif, moves, bmp = encode(halves(), "GIF"), moving(), encode(halves(), "BMP")
    jpeg, png = encode(halves(), "JPEG"), encode(halves(), "PNG")
    taken = {
        target.name: [
            _passes(data, kind, target)
            for data, kind in (
                (jpeg, "image/jpeg"),
                (png, "image/png"),
                (gif, "image/gif"),
                (moves, "image/gif"),
                (bmp, "image/bmp"),
            )
        ]
        for target in (ARTICLE, COVER, MATERIAL, THUMB)
    }
    assert taken == {
        "article": [True, True, False, True, False],
        "cover": [True, True, False, False, False],
        "material": [True, True, True, True, True],
        "thumb": [True, False, False, False, False],
    }


def test_a_gif_that_moves_passes_without_its_comment() -> None:
    data = moving(comment=b"SECRET")
    assert b"SECRET" in data
    result, passed = _fit(data, "image/gif")
    assert result == {"content_type": "image/gif", "action": "passed"}
    assert b"SECRET" not in passed


def test_an_animated_png_passes_as_a_still() -> None:
    data = encode(halves(), "PNG", save_all=True, append_images=[photo(80, 60)])
    result, passed = _fit(data, "image/png")
    assert result == {"content_type": "image/png", "action": "still"}
    assert b"acTL" not in passed


def test_hostile_headers_are_refused_by_name() -> None:
    jpeg = encode(photo(8, 8), "JPEG")
    many = jpeg[:2] + b"\xff\xfe\0\2" * MAX_SEGMENTS + jpeg[2:]
    with pytest.raises(ImageTooComplex, match="x"):
        look(many, "image/jpeg", picture="x")
    size = jpeg.index(b"\xff\xc0") + 5
    wide = jpeg[:size] + b"\xff\xff\xff\xff" + jpeg[size + 4 :]
    with pytest.raises(ImageTooManyPixels):
        look(wide, "image/jpeg", picture="x")
