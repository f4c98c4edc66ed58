import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from server.forward.answer import ESTABLISHED
from server.forward.pipe import Bounds, Pipe

BOUNDS = Bounds(idle_s=20)


class Joined:
    """A pipe between two ends that the test holds."""

    def __init__(self, pipe: Pipe, near: Any, far: Any, ended: list[Pipe]) -> None:
        self.pipe = pipe
        self.near_in, self.near_out = near
        self.far_in, self.far_out = far
        self.ended = ended

    async def fill_near(self) -> None:
        """Let the far end send until the caller, who does not read, has all its buffers full."""
        self.far_out.write(bytes(4_000_000))
        taken = -1
        while self.pipe.received_bytes > taken:
            taken = self.pipe.received_bytes
            await asyncio.sleep(0.1)
        self.far_out.transport.abort()
        await asyncio.sleep(0)


@asynccontextmanager
async def joined(bounds: Bounds = BOUNDS) -> AsyncIterator[Joined]:
    loop = asyncio.get_running_loop()
    (near, ours), (far, theirs) = socket.socketpair(), socket.socketpair()
    for each in (near, ours, far, theirs):
        each.setblocking(False)
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    ended: list[Pipe] = []
    pipe = Pipe(transport, bounds, ended=ended.append)
    callers = await asyncio.open_connection(sock=near)
    others = await asyncio.open_connection(sock=far)
    try:
        async with asyncio.timeout(20):
            await pipe.join(theirs)
            assert await callers[0].readexactly(len(ESTABLISHED)) == ESTABLISHED
            yield Joined(pipe, callers, others, ended)
    finally:
        for _, writer in (callers, others):
            writer.transport.abort()
        async with asyncio.timeout(20):
            await pipe.wait_closed()
        assert ended == [pipe]


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
        both.near_out.close()
        await both.pipe.wait_closed()
        both.pipe.close()
        assert both.ended == [both.pipe]


async def test_it_is_over_once_both_connections_are_gone() -> None:
    async with joined() as both:
        both.near_out.transport.pause_reading()
        await both.fill_near()
        both.pipe.close()
        assert await both.far_in.read() == b""
        assert both.ended == []  # the caller has not taken all of it yet
        both.near_out.transport.resume_reading()
        await both.near_in.read()
        await both.pipe.wait_closed()
        assert both.ended == [both.pipe]


async def test_who_takes_nothing_does_not_hold_up_its_end() -> None:
    async with joined(Bounds(idle_s=20, goodbye_s=0.1)) as both:
        both.near_out.transport.pause_reading()
        await both.fill_near()
        both.pipe.close()
        async with asyncio.timeout(20):
            await both.pipe.wait_closed()


async def test_who_left_before_it_began_is_not_waited_for() -> None:
    loop = asyncio.get_running_loop()
    near, ours = socket.socketpair()
    far, theirs = socket.socketpair()
    with near, far:
        ours.setblocking(False)
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
        ended: list[Pipe] = []
        pipe = Pipe(transport, BOUNDS, ended=ended.append)
        transport.abort()
        await asyncio.sleep(0)
        with pytest.raises(ConnectionResetError):
            await pipe.join(theirs)
        await pipe.wait_closed()
        assert ended == [pipe]
        assert far.recv(1) == b""


async def test_who_may_not_stay_is_cut() -> None:
    bounds = Bounds(idle_s=3_600, may_stay=lambda: False, look_s=0.1)
    async with joined(bounds) as both, asyncio.timeout(30):
        assert await both.near_in.read() == b""
        assert await both.far_in.read() == b""


async def test_where_nothing_is_said_for_long_it_ends() -> None:
    async with joined(Bounds(idle_s=0.2)) as both:
        assert await both.near_in.read() == b""
        assert await both.far_in.read() == b""


async def test_it_goes_on_for_as_long_as_something_is_said() -> None:
    async with joined(Bounds(idle_s=1.5)) as both:
        for _ in range(8):
            both.near_out.write(b".")
            await both.far_in.readexactly(1)
            await asyncio.sleep(0.25)
        assert both.ended == []
