import re
import struct

from content.pictures.exif import exif_orientation
from content.pictures.header import Stripped, TooManySegments

MAX_SCANS = 64  # a normal progressive file has 10; each one costs a pass over all pixels
MAX_SEGMENTS = 2_000  # a profile or an embedded preview takes one for each 64 KB

_SOI, _EOI, _SOS = b"\xff\xd8", 0xD9, 0xDA
_KEPT_APPS = {0xE0: b"JFIF\0", 0xEE: b"Adobe"}  # Adobe says how the colours are coded
_MAX_KEPT = 14  # bytes of either without a thumbnail
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PLAIN_SIZES = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD})
# In coded data FF is followed by 0 or a restart mark; anything else ends it.
# Any number of FF may stand before a marker; a search has to do with the last of them, or a run of
# FF takes quadratic time.
_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def strip_jpeg(data: bytes) -> Stripped | None:
    """The JPEG without Exif, XMP, comments and what follows its end; None if it is not intact.

    Raises TooManySegments. Source: ITU T.81, annex B.
    """
    try:
        return _Walk(data).run()
    except (struct.error, IndexError):
        return None


class _Walk:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._kept = [_SOI]
        self._size = (0, 0)
        self._fits = True
        self._scans = 0

    def run(self) -> Stripped | None:
        at = 2
        for _ in range(MAX_SEGMENTS):
            found = _MARKER.match(self._data, at)
            if found is None:
                return None
            marker, body = found.group(1)[0], found.end()
            if marker == _EOI:
                self._kept.append(b"\xff\xd9")
                break
            end = body + struct.unpack_from(">H", self._data, body)[0]
            if end > len(self._data):
                return None
            if self._wants(marker, body + 2, end):
                self._kept.append(b"\xff%c" % marker + self._data[body:end])
            at = self._scan(end) if marker == _SOS else end
            if at < 0:
                return None
        else:
            raise TooManySegments
        width, height = self._size
        if not (width and height and self._scans):
            return None
        return Stripped(width, height, b"".join(self._kept), self._fits)

    def _wants(self, marker: int, body: int, end: int) -> bool:
        """Whether the segment stays; notes what it says."""
        if marker in _SIZES:
            height, width, components = struct.unpack_from(">xHHB", self._data, body)
            self._size = (width, height)
            self._fits &= marker in _PLAIN_SIZES and components in (1, 3)
        elif marker == 0xE1 and self._data.startswith(b"Exif\0\0", body):
            self._fits &= exif_orientation(self._data[body + 6 : end]) == 1
        elif marker == 0xE2 and self._data.startswith(b"ICC_PROFILE\0", body):
            # Without its profile an sRGB picture looks the same; others need their colours moved.
            self._fits &= b"sRGB" in self._data[body:end]
        return (
            marker in _SIZES
            or marker in _TABLES
            or marker == _SOS
            or (_KEPT_APPS.get(marker) == self._data[body : body + 5] and end - body <= _MAX_KEPT)
        )

    def _scan(self, start: int) -> int:
        """Keep the coded data from `start`; returns where the next marker is, or -1."""
        self._scans += 1
        if self._scans > MAX_SCANS:
            raise TooManySegments
        found = _END_OF_SCAN.search(self._data, start)
        if found is None:
            return -1
        self._kept.append(self._data[start : found.start()])
        return found.start()
