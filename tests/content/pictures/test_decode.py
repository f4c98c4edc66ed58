import sys
from typing import Any

import pytest
from PIL import Image

from content.pictures.decode import Decoded, decode, open_image
from content.pictures.errors import ImageExtraMissing, ImageTooManyPixels
from fetch.sniff import sniff_image
from tests.content.conftest import encode, halves, photo


def _decode(data: bytes, halve_to_px: int = 10_000) -> Decoded:
    return decode(open_image(data, sniff_image(data) or "", "x"), halve_to_px=halve_to_px)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "HEIF"])
def test_it_is_halved_until_the_next_time_would_be_too_much(kind: str) -> None:
    data = encode(photo(400, 100), kind)
    sizes = {width: _decode(data, width).image.size for width in (10_000, 200, 199, 101, 100, 1)}
    assert sizes == {
        10_000: (400, 100),
        200: (200, 50),
        199: (200, 50),
        101: (200, 50),
        100: (100, 25),
        1: (50, 13),
    }
    assert _decode(data, 100).full_size == (400, 100)


def test_the_colour_of_what_cannot_be_seen_does_not_count() -> None:
    image = Image.new("RGBA", (400, 10), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (200, 0, 399, 10))
    small = _decode(encode(image, "PNG"), 100).image
    seen = [small.getpixel((x, 1)) for x in range(100)]
    assert {pixel[:3] for pixel in seen if pixel[3]} == {(255, 255, 255)}  # type: ignore[index]


@pytest.mark.parametrize(
    ("mode", "wanted"), [("1", "RGB"), ("L", "L"), ("LA", "RGBA"), ("P", "RGB")]
)
def test_rare_modes_become_those_that_encoders_take(mode: str, wanted: str) -> None:
    decoded = _decode(encode(halves(400, 100).convert(mode), "PNG"), 100)
    assert (decoded.image.mode, decoded.image.size) == (wanted, (100, 25))


def test_a_phones_two_pictures_in_one_jpeg_are_no_animation() -> None:
    data = encode(halves(), "MPO", save_all=True, append_images=[photo(80, 60)])
    assert sniff_image(data) == "image/jpeg"
    assert not _decode(data).moves


def test_too_many_pixels_are_seen_before_they_are_decoded() -> None:
    data = bytearray(encode(halves(), "BMP"))
    data[18:26] = (20_000).to_bytes(4, "little") * 2
    with pytest.raises(ImageTooManyPixels):
        open_image(bytes(data), "image/bmp", "x")


def test_heic_without_its_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(halves(), "HEIF")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageExtraMissing, match=r"heif: x"):
        open_image(data, "image/heic", "x")


def test_a_profile_of_nonsense_is_ignored() -> None:
    made: Any = _decode(encode(halves(), "PNG", icc_profile=b"nonsense")).image
    assert made.tobytes() == halves().tobytes()
