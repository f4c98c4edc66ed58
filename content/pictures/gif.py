from struct import Struct, error

from content.pictures.header import Stripped, TooManySegments

MAX_FRAMES = 1_000
MAX_BLOCKS = 200_000  # of ≤255 bytes; a file of 20 MB has 80 000 of them

_SCREEN = Struct("<HHBBB")
_FRAME = Struct("<HHHHB")
_IMAGE, _EXTENSION, _END = 0x2C, 0x21, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def strip_gif(data: bytes) -> Stripped | None:
    """The GIF without comments, XMP and what follows its end; None if it is not intact.

    Raises TooManySegments. Source: GIF89a specification, sections 17–26.
    """
    try:
        return _Walk(data).run()
    except (IndexError, error):
        return None


class _Walk:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._blocks = 0

    def run(self) -> Stripped | None:
        data = self._data
        if len(data) < 13:
            return None
        width, height, flags, _, _ = _SCREEN.unpack_from(data, 6)
        at = 13 + _palette_bytes(flags)
        kept = [data[:at]]
        frames, fits = 0, True
        while data[at] != _END:
            end = self._end_of_block(at)
            frames += data[at] == _IMAGE
            if frames > MAX_FRAMES:
                raise TooManySegments
            if data[at] == _IMAGE:
                left, top, wide, high, _ = _FRAME.unpack_from(data, at + 1)
                fits &= left + wide <= width and top + high <= height
            if self._wants(at):
                kept.append(data[at:end])
            at = end
        kept.append(b"\x3b")
        if not (width and height and frames):
            return None
        return Stripped(width, height, b"".join(kept), fits, moves=frames > 1)

    def _end_of_block(self, at: int) -> int:
        kind = self._data[at]
        if kind == _EXTENSION:
            return self._end_of_data(at + 2)
        if kind != _IMAGE:
            raise IndexError
        flags = self._data[at + _FRAME.size]
        return self._end_of_data(at + 1 + _FRAME.size + _palette_bytes(flags) + 1)

    def _end_of_data(self, at: int) -> int:
        data = self._data
        while size := data[at]:
            self._blocks += 1
            if self._blocks > MAX_BLOCKS:
                raise TooManySegments
            at += 1 + size
        return at + 1

    def _wants(self, at: int) -> bool:
        """Whether the block stays: frames, how long they are shown, how often all is."""
        if self._data[at] == _IMAGE:
            return True
        label, size = self._data[at + 1 : at + 3]
        # Of their one length: no room for anything else.
        if label == _CONTROL:
            return size == 4 and self._data[at + 7] == 0
        return (
            (label, size) == (_APPLICATION, 11)
            and self._data[at + 3 : at + 14] in _LOOPS
            and self._data[at + 14] == 3
            and self._data[at + 18] == 0
        )


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
