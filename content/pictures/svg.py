"""SVG → PNG, through resvg. Runs in a worker process.

An SVG may name files and addresses, hold itself a million times, or be nested so deep that a parser
runs out of stack. So it is parsed, bounded and written anew before resvg sees it; what then takes
long ends with the worker.
"""

import re
from io import BytesIO
from typing import NamedTuple
from xml.etree import ElementTree as ET

from content.pictures.errors import ImageExtraMissing, ImageInvalid, ImageTooComplex
from content.pictures.fonts import chinese_font

_MAX_BYTES = 2_000_000
_MAX_ELEMENTS = 20_000
_MAX_DEPTH = 100  # resvg overflows its stack somewhere above 300
_MAX_SIDE_PX = 4_096
_NAMESPACE = "{http://www.w3.org/2000/svg}"
_INSIDE = re.compile(r"\s*(?:#|data:image/(?:png|jpe?g|gif|webp)\b)", re.IGNORECASE)
_LENGTH = re.compile(r"\s*(\d{1,7}(?:\.\d{1,20})?)\s*(px|pt|pc|in|cm|mm|em|ex)?\s*")
_PX = {"": 1, "px": 1, "pt": 4 / 3, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4}
_PX |= {"em": 16, "ex": 8}
_NO_SIZE = (300.0, 150.0)  # what browsers take
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)


class Size(NamedTuple):
    """In CSS pixels."""

    width: float
    height: float


def svg_to_png(
    data: bytes, *, picture: str, scale: float = 2.0, max_width: int = 2_048
) -> tuple[bytes, Size]:
    """The PNG of an SVG and the size that it is meant to be shown at.

    Drawn at `scale` times that size, at most `max_width` wide. Raises ImageExtraMissing,
    ImageInvalid and ImageTooComplex naming `picture`.
    """
    try:
        import resvg_py
    except ImportError:
        raise ImageExtraMissing(picture=picture, extra="svg") from None
    root = _parse(data, picture)
    size = _size(root)
    zoom = min(scale, max_width / size.width, _MAX_SIDE_PX / size.height)
    if _box(root.get("viewBox")) is None:
        root.set("viewBox", f"0 0 {size.width} {size.height}")
    root.set("width", str(max(1, round(size.width * zoom))))
    root.set("height", str(max(1, round(size.height * zoom))))
    font = chinese_font()
    family = font.family if font else "DejaVu Sans"
    try:
        png = resvg_py.svg_to_bytes(
            svg_string=ET.tostring(root, "unicode"),
            font_family=family,
            sans_serif_family=family,
            serif_family=family,
            monospace_family="DejaVu Sans Mono",
        )
    except ValueError:
        raise ImageInvalid(picture=picture) from None
    return bytes(png), size


def _parse(data: bytes, picture: str) -> ET.Element:
    """The tree of an SVG, without anything that leads outside of it."""
    # Entities are how XML grows from a kilobyte to a gigabyte; drawing programs rarely need them.
    if len(data) > _MAX_BYTES or _ENTITY.search(data.replace(b"\0", b"")):  # UTF-16 too
        raise ImageTooComplex(picture=picture)
    depth = count = 0
    root: ET.Element | None = None
    try:
        for event, element in ET.iterparse(BytesIO(data), ("start", "end")):  # noqa: S314 - above
            if event == "end":
                depth -= 1
                continue
            depth, count = depth + 1, count + 1
            root = element if root is None else root
            if depth > _MAX_DEPTH or count > _MAX_ELEMENTS:
                raise ImageTooComplex(picture=picture)
            _cut_off(element)
    except (ET.ParseError, ValueError, LookupError):  # not XML; an encoding that is none
        raise ImageInvalid(picture=picture) from None
    if root is None or root.tag != f"{_NAMESPACE}svg":
        raise ImageInvalid(picture=picture)
    return root


def _cut_off(element: ET.Element) -> None:
    """Remove the references to files and addresses; resvg would open files."""
    for name, value in list(element.attrib.items()):
        if name.rpartition("}")[2] == "href" and not _INSIDE.match(value):
            del element.attrib[name]


def _size(root: ET.Element) -> Size:
    width, height = _length(root.get("width")), _length(root.get("height"))
    box = _box(root.get("viewBox"))
    if box is None:
        return Size(width or _NO_SIZE[0], height or _NO_SIZE[1])
    if width and height:
        return Size(width, height)
    if width:
        return Size(width, width * box.height / box.width)
    if height:
        return Size(height * box.width / box.height, height)
    return box


def _length(text: str | None) -> float | None:
    """A length in px; None if it is absent, zero or relative (`100%`)."""
    found = _LENGTH.fullmatch(text or "")
    return (float(found[1]) * _PX[found[2] or ""] or None) if found else None


def _box(text: str | None) -> Size | None:
    parts = (text or "").replace(",", " ").split()
    sizes = [_length(part) for part in parts[2:4]]
    if len(parts) != 4 or not all(sizes):
        return None
    return Size(sizes[0] or 0, sizes[1] or 0)
