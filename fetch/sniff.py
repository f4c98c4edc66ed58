from typing import Literal

ImageType = Literal["image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/avif"]


def sniff_image(data: bytes) -> ImageType | None:
    """The picture's type by its first bytes; None for all that we do not take.

    SVG, TIFF, ICO, EPS, PSD, PDF, HEIC are left out on purpose: their decoders are too large.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[:2] == b"BM" and data[6:10] == b"\0\0\0\0":
        return "image/bmp"
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    return None
