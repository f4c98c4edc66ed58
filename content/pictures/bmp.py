from struct import Struct

from content.pictures.header import Stripped

_HEAD = Struct("<2sIHHI")  # the file's
_INFO = Struct("<IiiHHIIiiII")  # BITMAPINFOHEADER
_PIXELS_AT = _HEAD.size + _INFO.size
_BITS = (24, 32)


def strip_bmp(data: bytes) -> Stripped | None:
    """The BMP without what follows its pixels; None if it is not of the one plain kind.

    Plain: 24 or 32 bits a pixel, not compressed, no palette, no profile. Source: Microsoft,
    "Bitmap Header Types".
    """
    if len(data) < _PIXELS_AT:
        return None
    magic, _, _, _, offset = _HEAD.unpack_from(data)
    info = _INFO.unpack_from(data, _HEAD.size)
    size, width, height, planes, bits, compression = info[:6]
    plain = (magic, offset, size, planes, compression) == (b"BM", _PIXELS_AT, _INFO.size, 1, 0)
    if not plain or bits not in _BITS or width <= 0 or height == 0:
        return None
    end = _PIXELS_AT + (width * bits + 31) // 32 * 4 * abs(height)
    if end > len(data):
        return None
    # The length in the file's header has to be that of what is left.
    kept = _HEAD.pack(b"BM", end, 0, 0, _PIXELS_AT) + data[_HEAD.size : end]
    return Stripped(width, abs(height), kept, fits=True)
