import pytest

from sandbox.pictures import Size, size_of, sniff, url_format
from tests.sandbox.caller import jpeg, png


def test_types_are_told_by_their_first_bytes() -> None:
    assert sniff(png()) == "image/png"
    assert sniff(jpeg()) == "image/jpeg"
    assert sniff(b"GIF89a") == "image/gif"
    assert sniff(b"BM....") == "image/bmp"
    assert sniff(b"RIFF\x00\x00\x00\x00WEBPVP8 ") == "image/webp"
    assert sniff(b"RIFF\x00\x00\x00\x00WAVEfmt ") == "audio/wav"
    assert sniff(b"\x00\x00\x00\x18ftypmp42") == "video/mp4"
    assert sniff(b"<svg xmlns=''>") == ""
    assert sniff(b"") == ""


@pytest.mark.parametrize("picture", [png(31, 7), jpeg(31, 7)])
def test_sizes_are_read_from_the_header(picture: bytes) -> None:
    assert size_of(picture) == Size(31, 7)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"GIF89a",
        png()[:20],
    ],
)
def test_broken_headers_have_no_size(data: bytes) -> None:
    assert size_of(data) is None


def test_formats_are_named_as_in_wechats_urls() -> None:
    assert [url_format(f"image/{name}") for name in ("jpeg", "png", "gif")] == [
        "jpeg",
        "png",
        "gif",
    ]
