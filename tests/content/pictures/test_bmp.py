from io import BytesIO

import pytest
from PIL import Image

from content.pictures.bmp import strip_bmp
from tests.content.conftest import encode, halves, photo


@pytest.mark.parametrize("size", [(30, 20), (31, 20)])
def test_what_follows_the_pixels_goes(size: tuple[int, int]) -> None:
    data = encode(photo(*size), "BMP")
    stripped = strip_bmp(data + b"<script>")
    assert stripped is not None
    assert (stripped.width, stripped.height, stripped.fits) == (*size, True)
    assert len(stripped.data) == len(data)
    with Image.open(BytesIO(stripped.data)) as image:
        assert image.convert("RGB").tobytes() == photo(*size).tobytes()


def test_other_kinds_and_what_is_cut_off_are_left_to_a_decoder() -> None:
    data = encode(halves(), "BMP")
    assert strip_bmp(data[:-1]) is None
    assert strip_bmp(data[:50]) is None
    assert strip_bmp(encode(halves().quantize(8), "BMP")) is None  # a palette
    assert strip_bmp(data[:30] + b"\x01" + data[31:]) is None  # compressed
    assert strip_bmp(data[:18] + b"\0\0\0\0" + data[22:]) is None  # no width
