import asyncio
from io import BytesIO

import pytest

from content import frames


def test_a_message_comes_out_as_it_went_in() -> None:
    stream = BytesIO(b"".join(frames.pack({"名": [1, "\ud800"]}, b"\0\xff")))
    assert frames.read(stream) == ({"名": [1, "\ud800"]}, b"\0\xff")
    assert frames.read(stream) is None


async def _read(data: bytes) -> tuple[object, bytes]:
    stream = asyncio.StreamReader()
    stream.feed_data(data)
    stream.feed_eof()
    return await frames.read_async(stream, max_bytes=100)


async def test_the_serving_side_reads_the_same() -> None:
    assert await _read(b"".join(frames.pack({"a": 1}, b"xy"))) == ({"a": 1}, b"xy")


@pytest.mark.parametrize(
    "data",
    [b"\xff" * 8, b"\0\0\0\x02\0\0\0\0[]", b"\0\0\0\x02\0\0\0\0{]", b"\0\0\0\x02\0\0\0\x63{}"],
)
async def test_a_broken_or_boundless_message_is_refused(data: bytes) -> None:
    with pytest.raises(frames.FrameBroken):
        await _read(data)


async def test_a_pipe_that_ends_is_an_eof() -> None:
    with pytest.raises(EOFError):
        await _read(b"\0\0\0\x08\0\0\0\0{")
