import re
from typing import Literal

ImageType = Literal[
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/avif",
    "image/heic",
    "image/svg+xml",
]

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_MAX_BRANDS_BYTES = 64
_SVG_BYTES = 4_096  # before its first tag: a byte order mark, a declaration, comments
_SVG_STARTS = (b"<svg", b"<?xml", b"<!doctype svg", b"<!--")
_SVG_TAG = re.compile(rb"<svg[\s>/]")

# By their first bytes: kinds that people do send, and get a word about.
_REFUSED = (
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"%!PS", "EPS"),
    (b"\xc5\xd0\xd3\xc6", "EPS"),
    (b"8BPS", "PSD"),
    (b"%PDF", "PDF"),
    (b"\0\0\1\0", "ICO"),
    (b"SIMPLE  =", "FITS"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\3\4", "ZIP"),
    (b"<", "HTML"),
)


def sniff_image(data: bytes) -> ImageType | None:
    """The picture's type by its first bytes; None for all that we do not take."""
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
    if data[4:8] == b"ftyp":
        return _sniff_heif(data)
    return "image/svg+xml" if _is_svg(data[:_SVG_BYTES]) else None


def name_refused(data: bytes) -> str:
    """What a file that `sniff_image` does not know is, for messages; `unknown` if it is strange."""
    return next((name for start, name in _REFUSED if data.startswith(start)), "unknown")


def _sniff_heif(data: bytes) -> ImageType | None:
    """AVIF and HEIC share a container that names its brands: the major, a version, others."""
    end = min(int.from_bytes(data[:4]), _MAX_BRANDS_BYTES)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}
    if brands & _AVIF_BRANDS:
        return "image/avif"
    return "image/heic" if brands & _HEIC_BRANDS else None


def _is_svg(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.lower().startswith(_SVG_STARTS) and _SVG_TAG.search(start) is not None
