from struct import Struct
from zlib import crc32

from content.pictures.exif import exif_orientation
from content.pictures.header import Stripped, TooManySegments

MAX_CHUNKS = 10_000  # writers cut pixels into chunks of 8 KB or more

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD = Struct(">I4s")
_SIZE = Struct(">II")
# What changes pixels, and how long it can be. Text, time, Exif, animation and unknown chunks are
# left out.
_KEPT = {b"IHDR": 13, b"PLTE": 768, b"IDAT": 2**31, b"IEND": 0, b"tRNS": 256}
_KEPT |= {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"sBIT": 4}


def strip_png(data: bytes) -> Stripped | None:
    """The PNG without metadata and what follows its end; None if it is not intact.

    Raises TooManySegments. Source: PNG (third edition), 5 and 11.
    """
    kept = [_SIGNATURE]
    fits = True
    names: list[bytes] = []
    at = len(_SIGNATURE)
    while not names or names[-1] != b"IEND":
        if at + 12 > len(data):
            return None
        if len(names) == MAX_CHUNKS:
            raise TooManySegments
        length, name = _HEAD.unpack_from(data, at)
        end = at + 12 + length
        is_whole = end <= len(data) and length <= _KEPT.get(name, length)
        if not is_whole or crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            return None
        body = data[at + 8 : end - 4]
        if name == b"eXIf":
            fits &= exif_orientation(body) == 1
        elif name == b"iCCP":
            # Without its profile an sRGB picture looks the same; others need their colours moved.
            fits &= b"sRGB" in body[:79]
        if name in _KEPT:
            kept.append(data[at:end])
        names.append(name)
        at = end
    if names[0] != b"IHDR" or b"IDAT" not in names or len(kept[1]) < 25:
        return None
    width, height = _SIZE.unpack_from(kept[1], 8)
    if not (width and height):
        return None
    return Stripped(width, height, b"".join(kept), fits, moves=b"acTL" in names)
