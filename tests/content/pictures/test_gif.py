from io import BytesIO

import pytest
from PIL import Image

from content.pictures.gif import MAX_BLOCKS, MAX_FRAMES, strip_gif
from content.pictures.header import TooManySegments
from tests.content.conftest import encode, halves, moving

MARK = b"SECRET-GPS-MARK"
XMP = b"\x21\xff\x0bXMP DataXMP" + b"\x0f" + MARK + b"\0"


def _with(data: bytes, extra: bytes) -> bytes:
    """`extra` after the screen and its palette."""
    at = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    return data[:at] + extra + data[at:]


@pytest.mark.parametrize(
    "extra",
    [
        XMP,
        b"\x21\xfe\x0f" + MARK + b"\0",
        b"\x21\x01\x0f" + MARK + b"\0",
        b"\x21\xf9\x0f" + MARK + b"\0",
        b"\x21\xf9\x04\0\0\0\0\x0f" + MARK + b"\0",
        b"\x21\xff\x1fNETSCAPE2.0\x03\x01\0\0\0" + MARK + b"\0",
    ],
)
def test_metadata_and_what_follows_the_end_go_and_all_frames_stay(extra: bytes) -> None:
    clean = strip_gif(moving(3))
    stripped = strip_gif(_with(moving(3), extra) + b"<script>" + MARK)
    assert stripped is not None
    assert clean is not None
    assert stripped == clean
    assert MARK not in stripped.data
    assert (stripped.width, stripped.height, stripped.fits, stripped.moves) == (60, 40, True, True)
    with Image.open(BytesIO(stripped.data)) as image:
        assert (image.n_frames, image.info["loop"]) == (3, 0)  # type: ignore[attr-defined]
        image.seek(2)
        assert image.info["duration"] == 80


def test_more_than_the_number_of_loops_does_not_hide_behind_it() -> None:
    data = moving(2).replace(
        b"NETSCAPE2.0\x03\x01\0\0\0", b"NETSCAPE2.0\x03\x01\0\0\x0f" + MARK + b"\0"
    )
    stripped = strip_gif(data)
    assert MARK in data
    assert stripped is not None
    assert MARK not in stripped.data


def test_a_still_does_not_move() -> None:
    stripped = strip_gif(encode(halves(), "GIF"))
    assert stripped is not None
    assert not stripped.moves


def test_a_frame_beyond_the_screen_wants_another_encoding() -> None:
    data = bytearray(encode(halves(), "GIF"))
    at = data.index(b"\x2c\0\0\0\0") + 5
    data[at : at + 2] = b"\xff\xff"
    stripped = strip_gif(bytes(data))
    assert stripped is not None
    assert not stripped.fits


def test_what_is_cut_off_is_none_at_every_length() -> None:
    data = moving(2)
    assert all(strip_gif(data[:length]) is None for length in range(len(data) - 1))


def test_repeated_parts_are_refused() -> None:
    data = encode(halves(), "GIF")
    frame = data[data.index(b"\x2c\0\0\0\0") : -1]
    with pytest.raises(TooManySegments):
        strip_gif(data[:-1] + frame * MAX_FRAMES + b"\x3b")
    with pytest.raises(TooManySegments):
        strip_gif(_with(data, b"\x21\xfe" + b"\x01x" * (MAX_BLOCKS + 1) + b"\0"))
