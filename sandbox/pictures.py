from dataclasses import dataclass

# WeChat refuses "huge" pictures (one of 18018x24477 is known); where it draws the line is not.
MAX_PIXELS = 100_000_000

_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\x30\x26\xb2\x75", "audio/x-ms-wma"),
)
_FORMATS = {"image/jpeg": "jpeg", "image/png": "png", "image/gif": "gif", "image/bmp": "bmp"}
# SOF0…SOF15; the range also holds DHT (C4), JPG (C8) and DAC (CC), which name no size.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class Size:
    """A picture's size in pixels."""

    width: int
    height: int


def sniff(data: bytes) -> str:
    """The media type by the first bytes, whatever a file name says; empty if unknown."""
    for magic, media_type in _MAGIC:
        if data.startswith(magic):
            return media_type
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12], "")
    return "video/mp4" if data[4:8] == b"ftyp" else ""


def url_format(media_type: str) -> str:
    """How WeChat names the type in a picture's URL: `mmbiz_png`, `wx_fmt=png`."""
    return _FORMATS[media_type]


def size_of(data: bytes) -> Size | None:
    """The size that a PNG's or JPEG's header names; None if the header is broken or another's."""
    if data.startswith(b"\x89PNG") and data[12:16] == b"IHDR" and len(data) >= 24:
        return Size(int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"))
    return _jpeg_size(data) if data.startswith(b"\xff\xd8") else None


def _jpeg_size(data: bytes) -> Size | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in _JPEG_FRAMES:
            height, width = data[at + 5 : at + 7], data[at + 7 : at + 9]
            return Size(int.from_bytes(width, "big"), int.from_bytes(height, "big"))
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
