import pytest

from fetch.sniff import name_refused, sniff_image


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"GIF89a....", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM\x10\0\0\0\0\0\0\0", "image/bmp"),
        (b"\0\0\0\x20ftypavif", "image/avif"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "image/avif"),
        (b"\0\0\0\x20ftypheic", "image/heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heic"),
        (b'<svg xmlns="', "image/svg+xml"),
        (b"\xef\xbb\xbf\n<?xml version='1.0'?><!-- a --><svg>", "image/svg+xml"),
        (b"<!DOCTYPE svg PUBLIC><svg>", "image/svg+xml"),
    ],
)
def test_the_first_bytes_name_the_kind(data: bytes, kind: str) -> None:
    assert sniff_image(data) == kind


@pytest.mark.parametrize(
    "data",
    [
        *(
            b"",
            b"\xff",
            b"<svgs>",
            b"<html><svg>",
            b"<?xml?><rss>",
            b"II*\0....",
            b"MM\0*....",
            b"\0\0\1\0\1\0",
        ),
        *(
            b"%!PS-Adobe",
            b"%PDF-1.7",
            b"8BPS",
            b"SIMPLE  =",
            b"\0\0\0\x20ftypisom",
            b"RIFF....WAVE",
        ),
    ],
)
def test_all_else_is_no_picture(data: bytes) -> None:
    assert sniff_image(data) is None


def test_what_is_refused_has_a_name() -> None:
    files = (b"II*\0", b"%!PS", b"%PDF-1", b"8BPS", b"\0\0\1\0", b"PK\3\4", b"?")
    names = [name_refused(data) for data in files]
    assert names == ["TIFF", "EPS", "PDF", "PSD", "ICO", "ZIP", "unknown"]
