import pytest

from fetch.sniff import sniff_image


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"GIF89a....", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM\x10\0\0\0\0\0\0\0", "image/bmp"),
        (b"\0\0\0\x20ftypavif", "image/avif"),
    ],
)
def test_the_first_bytes_name_the_kind(data: bytes, kind: str) -> None:
    assert sniff_image(data) == kind


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\xff", b"<svg xmlns=", b"<html>", b"II*\0....", b"MM\0*....", b"\0\0\1\0\1\0"),
        *(
            b"%!PS-Adobe",
            b"%PDF-1.7",
            b"8BPS",
            b"SIMPLE  =",
            b"\0\0\0\x20ftypheic",
            b"RIFF....WAVE",
        ),
    ],
)
def test_kinds_with_large_decoders_are_no_pictures_here(data: bytes) -> None:
    assert sniff_image(data) is None
