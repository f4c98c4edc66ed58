import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from server.forward.answer import ESTABLISHED
from server.forward.pipe import Pipe


class Joined:
    """A pipe between two ends that the test holds."""

    def __init__(self, pipe: Pipe, near: Any, far: Any, ended: list[Pipe]) -> None:
        self.pipe = pipe
        self.near_in, self.near_out = near
        self.far_in, self.far_out = far
        self.ended = ended


@asynccontextmanager
async def joined(*, idle_s: float = 20) -> AsyncIterator[Joined]:
    loop = asyncio.get_running_loop()
    (near, ours), (far, theirs) = socket.socketpair(), socket.socketpair()
    for each in (near, ours, far, theirs):
        each.setblocking(False)
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    ended: list[Pipe] = []
    pipe = Pipe(transport, idle_s=idle_s, ended=ended.append)
    callers = await asyncio.open_connection(sock=near)
    others = await asyncio.open_connection(sock=far)
    try:
        async with asyncio.timeout(20):
            await pipe.join(theirs)
            assert await callers[0].readexactly(len(ESTABLISHED)) == ESTABLISHED
            yield Joined(pipe, callers, others, ended)
    finally:
        pipe.close()
        for _, writer in (callers, others):
            writer.transport.abort()
        await asyncio.sleep(0.01)


async def test_both_get_what_the_other_says() -> None:
    async with joined() as both:
        both.near_out.write(b"there")
        assert await both.far_in.readexactly(5) == b"there"
        both.far_out.write(b"and back")
        assert await both.near_in.readexactly(8) == b"and back"
        assert (both.pipe.sent_bytes, both.pipe.received_bytes) == (5, 8)


async def test_who_has_said_all_may_still_listen() -> None:
    async with joined() as both:
        both.near_out.write(b"all")
        both.near_out.write_eof()
        assert await both.far_in.read() == b"all"
        both.far_out.write(b"late")
        both.far_out.close()
        assert await both.near_in.read() == b"late"


async def test_a_slow_reader_slows_the_sender_and_loses_nothing() -> None:
    async with joined() as both:
        data = bytes(range(256)) * 40_000
        both.far_out.write(data)
        await asyncio.sleep(0.05)  # more than all buffers hold
        assert both.pipe.received_bytes < len(data)
        got = await both.near_in.readexactly(len(data))
        assert got == data


async def test_the_end_of_one_is_the_end_of_both_and_told_once() -> None:
    async with joined() as both:
        both.far_out.transport.abort()
        assert await both.near_in.read() == b""
        both.pipe.close()
        assert both.ended == [both.pipe]


async def test_where_nothing_is_said_for_long_it_ends() -> None:
    async with joined(idle_s=0.2) as both:
        assert await both.near_in.read() == b""
        assert await both.far_in.read() == b""
        assert both.ended == [both.pipe]


async def test_it_goes_on_for_as_long_as_something_is_said() -> None:
    async with joined(idle_s=1.5) as both:
        for _ in range(8):
            both.near_out.write(b".")
            await both.far_in.readexactly(1)
            await asyncio.sleep(0.25)
        assert both.ended == []
