import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image, PngImagePlugin

from content.pictures.header import TooManySegments
from content.pictures.png import MAX_CHUNKS, strip_png
from tests.content.conftest import encode, halves, photo

MARK = b"SECRET-GPS-MARK"


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _with(data: bytes, extra: bytes) -> bytes:
    return data[:33] + extra + data[33:]


@pytest.mark.parametrize("name", [b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf", b"pHYs", b"prVt"])
def test_metadata_goes_and_the_pixels_stay(name: bytes) -> None:
    original = encode(halves(), "PNG")
    stripped = strip_png(_with(original, chunk(name, MARK)) + b"<script>" + MARK)
    assert stripped is not None
    assert stripped.data == original
    assert (stripped.width, stripped.height, stripped.fits) == (80, 60, True)


@pytest.mark.parametrize("name", [b"gAMA", b"sBIT", b"IEND"])
def test_nothing_hides_in_a_chunk_that_is_longer_than_it_can_be(name: bytes) -> None:
    assert strip_png(_with(encode(halves(), "PNG"), chunk(name, b"\0" * 32 + MARK))) is None


def test_palette_and_transparency_stay() -> None:
    original = encode(halves().quantize(8), "PNG", transparency=0)
    stripped = strip_png(original)
    assert stripped is not None
    with Image.open(BytesIO(stripped.data)) as image:
        assert image.info["transparency"] is not None


def test_an_animation_becomes_its_first_frame() -> None:
    frames = [photo(20, 20, seed=seed) for seed in range(3)]
    data = encode(frames[0], "PNG", save_all=True, append_images=frames[1:])
    assert b"acTL" in data
    stripped = strip_png(data)
    assert stripped is not None
    with Image.open(BytesIO(stripped.data)) as image:
        assert isinstance(image, PngImagePlugin.PngImageFile)
        assert not image.is_animated
        assert image.convert("RGB").tobytes() == frames[0].tobytes()


def test_what_looks_different_without_its_metadata_does_not_fit() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    turned = encode(halves(), "PNG", exif=exif)
    other_colours = _with(encode(halves(), "PNG"), chunk(b"iCCP", b"Display P3\0\0" + b"x"))
    for data in (turned, other_colours):
        stripped = strip_png(data)
        assert stripped is not None
        assert not stripped.fits
    srgb = strip_png(_with(encode(halves(), "PNG"), chunk(b"iCCP", b"sRGB IEC61966-2.1\0\0x")))
    assert srgb is not None
    assert srgb.fits


def test_every_truncation_and_every_flipped_byte_is_seen() -> None:
    data = encode(photo(8, 8), "PNG")
    assert all(strip_png(data[:length]) is None for length in range(8, len(data)))
    for at in range(8, len(data)):
        flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert strip_png(flipped) is None, at


def test_a_picture_without_pixels_is_none() -> None:
    head = b"\x89PNG\r\n\x1a\n"
    size = chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 5, 8, 2, 0, 0, 0))
    assert strip_png(head + size + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")) is None
    assert strip_png(head + chunk(b"IEND", b"")) is None


def test_many_chunks_are_refused_by_counting() -> None:
    original = encode(halves(), "PNG")
    empty = chunk(b"prVt", b"")
    assert strip_png(_with(original, empty * (MAX_CHUNKS - 10))) is not None
    with pytest.raises(TooManySegments):
        strip_png(_with(original, empty * MAX_CHUNKS))
