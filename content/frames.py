import json
from asyncio import StreamReader
from struct import Struct
from typing import Any, BinaryIO

# Lengths of a JSON header and of raw bytes, which follow it.
_LENGTHS = Struct(">II")


class FrameBroken(Exception):
    """The other side is gone, or does not speak the protocol."""


def pack(header: dict[str, Any], body: bytes) -> list[bytes]:
    """One message, in pieces to be written one after the other."""
    text = json.dumps(header, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return [_LENGTHS.pack(len(text), len(body)), text, body]


def read(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next message; None when the other side closed the pipe."""
    head = stream.read(_LENGTHS.size)
    if len(head) < _LENGTHS.size:
        return None
    header_bytes, body_bytes = _LENGTHS.unpack(head)
    header: dict[str, Any] = json.loads(stream.read(header_bytes))
    return header, stream.read(body_bytes)


async def read_async(stream: StreamReader, *, max_bytes: int) -> tuple[dict[str, Any], bytes]:
    """The next message; raises FrameBroken, or IncompleteReadError when the pipe ends."""
    header_bytes, body_bytes = _LENGTHS.unpack(await stream.readexactly(_LENGTHS.size))
    # A decoder that was taken over must not fill the memory of the process that serves.
    if header_bytes + body_bytes > max_bytes:
        raise FrameBroken
    try:
        header = json.loads(await stream.readexactly(header_bytes))
    except ValueError:
        raise FrameBroken from None
    if not isinstance(header, dict):
        raise FrameBroken
    return header, await stream.readexactly(body_bytes)
