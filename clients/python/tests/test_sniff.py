import pytest
from wxgate_client.sniff import holds_picture

SVG = b'\xef\xbb\xbf<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"BM\x1a\0\0\0\0\0\0\0",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"\0\0\0\x20ftypavif\0\0\0\0avifmif1",
        b"\0\0\0\x20ftypmif1\0\0\0\0heic",
        SVG,
    ],
)
def test_pictures_are_known_by_their_first_bytes(head: bytes) -> None:
    assert holds_picture(head)


@pytest.mark.parametrize(
    "head", [b"", b"SECRET=1", b"RIFF\0\0\0\0WAVE", b"\0\0\0\x20ftypmp42", b"<html>", b"my <svg"]
)
def test_other_files_are_not(head: bytes) -> None:
    assert not holds_picture(head)
