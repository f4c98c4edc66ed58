import struct
from io import BytesIO

import pytest
from PIL import Image

from content.pictures.header import TooManySegments
from content.pictures.jpeg import MAX_SCANS, MAX_SEGMENTS, strip_jpeg
from tests.content.conftest import encode, halves, photo

MARK = b"SECRET-GPS-MARK"


def _segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def _with(data: bytes, *segments: bytes) -> bytes:
    return data[:2] + b"".join(segments) + data[2:]


@pytest.mark.parametrize(
    "segment",
    [
        _segment(0xE1, b"Exif\0\0" + MARK),
        _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + MARK),
        _segment(0xED, b"Photoshop 3.0\0" + MARK),
        _segment(0xE2, b"MPF\0" + MARK),
        _segment(0xE2, b"ICC_PROFILE\0\1\1 sRGB " + MARK),
        _segment(0xE0, b"JFXX\0\x10" + MARK),
        _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\5\1" + MARK),
        _segment(0xEE, b"Adobe" + b"\0" * 7 + MARK),
        _segment(0xFE, MARK),
        _segment(0xEF, MARK),
        _segment(0xF7, MARK),
        _segment(0x02, MARK),
    ],
)
def test_metadata_goes_and_the_pixels_stay(segment: bytes) -> None:
    original = encode(photo(40, 30), "JPEG")
    stripped = strip_jpeg(_with(original, segment) + b"<?php " + MARK)
    assert stripped is not None
    assert MARK not in stripped.data
    assert (stripped.width, stripped.height, stripped.fits) == (40, 30, True)
    with Image.open(BytesIO(original)) as before, Image.open(BytesIO(stripped.data)) as after:
        assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}])
def test_all_common_codings_pass_unchanged(options: dict[str, int]) -> None:
    original = encode(photo(64, 48), "JPEG", **options)
    stripped = strip_jpeg(original)
    assert stripped is not None
    assert stripped.data == original


def test_what_looks_different_without_its_metadata_does_not_fit() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encode(halves(), "JPEG", exif=exif)
    other_colours = _with(encode(halves(), "JPEG"), _segment(0xE2, b"ICC_PROFILE\0\1\1Display P3"))
    cmyk = encode(halves().convert("CMYK"), "JPEG")
    for data in (turned, other_colours, cmyk):
        stripped = strip_jpeg(data)
        assert stripped is not None
        assert not stripped.fits


def test_repeated_scans_are_refused_by_counting() -> None:
    data = encode(photo(64, 64), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    scan = data[last:-2]
    assert strip_jpeg(data[:-2] + scan * (MAX_SCANS - 20) + data[-2:]) is not None
    with pytest.raises(TooManySegments):
        strip_jpeg(data[:-2] + scan * 300 + data[-2:])


def test_every_truncation_is_seen() -> None:
    data = encode(photo(16, 16), "JPEG")
    assert all(strip_jpeg(data[:length]) is None for length in range(2, len(data)))


def test_many_segments_are_refused_by_counting() -> None:
    data = encode(photo(16, 16), "JPEG")
    assert strip_jpeg(_with(data, _segment(0xFE, b"") * (MAX_SEGMENTS - 50))) is not None
    with pytest.raises(TooManySegments):
        strip_jpeg(_with(data, _segment(0xFE, b"") * MAX_SEGMENTS))


def test_fill_bytes_are_taken_in_linear_time() -> None:
    # Quadratic, the first would take minutes; no figure is asserted, the run itself would stall.
    run = b"\xff" * 2_000_000
    data = encode(photo(16, 16), "JPEG")
    scan = data.index(b"\xff\xda")
    in_scan = data[:-2] + run + b"\x00" + data[-2:]
    assert strip_jpeg(in_scan) is not None
    assert strip_jpeg(data[:-2] + run) is None
    before_marker = data[:scan] + run + data[scan:]
    assert strip_jpeg(before_marker) is not None
    stripped = strip_jpeg(data[:-2] + run + data[-2:])
    assert stripped is not None
    with Image.open(BytesIO(stripped.data)) as image:
        image.load()
