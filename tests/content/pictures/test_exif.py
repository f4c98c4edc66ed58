import struct

import pytest

from content.pictures.exif import exif_orientation


def _tiff(order: str, *entries: tuple[int, int, int]) -> bytes:
    head = b"II*\0" if order == "<" else b"MM\0*"
    body = b"".join(
        struct.pack(order + "HHIHxx", tag, kind, 1, value) for tag, kind, value in entries
    )
    return head + struct.pack(order + "IH", 8, len(entries)) + body


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_orientation_is_read_in_both_byte_orders(order: str) -> None:
    assert exif_orientation(_tiff(order, (0x010F, 2, 0), (0x0112, 3, 6))) == 6


@pytest.mark.parametrize("value", [0, 9, 65_535])
def test_an_orientation_that_makes_no_sense_is_1(value: int) -> None:
    assert exif_orientation(_tiff("<", (0x0112, 3, value))) == 1


@pytest.mark.parametrize(
    "block",
    [
        *(
            b"",
            b"II*\0",
            b"XX*\0" + b"\0" * 20,
            b"II*\0\xff\xff\xff\xff\0\0\0",
            b"MM\0*\0\0\0\x08\xff\xff",
        ),
        _tiff("<", (0x0112, 4, 6)),
        _tiff("<", (0x0112, 3, 6))[:-4],
    ],
)
def test_a_broken_block_is_1(block: bytes) -> None:
    assert exif_orientation(block) == 1
