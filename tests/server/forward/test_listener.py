import asyncio
import contextlib
from typing import Any

import pytest
import structlog

from core.errors import GatewayError
from server.forward.answer import ESTABLISHED
from server.forward.listener import Visitor
from server.wire_errors import TooManyConnections
from tests.gateway import KEY
from tests.server.forward.conftest import HOST, Opens, connect


class Waits:
    """A way that goes on as the test says."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.visitors: list[Visitor] = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._failure = failure

    async def open(self, transport: asyncio.Transport, visitor: Visitor) -> None:
        self.visitors.append(visitor)
        await self.go_on.wait()
        if self._failure is not None:
            raise self._failure
        transport.write(ESTABLISHED)
        transport.close()


async def test_who_shows_a_key_is_let_in(open_front: Opens) -> None:
    way = Waits()
    async with open_front(way) as front:
        assert await front.answer(connect()) == ESTABLISHED
        (came,) = way.visitors
        assert (came.host, came.credential.client.id, came.peer) == (HOST, "blog", "127.0.0.1")
        await front.is_empty()


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (connect(KEY + "x"), 407, "auth_key_wrong"),
        (connect(client="reader"), 407, "auth_key_wrong"),
        (b"CONNECT api.weixin.qq.com:443 HTTP/1.1\r\n\r\n", 407, "forward_auth_missing"),
        (connect(target="evil.example:443"), 403, "forward_host_refused"),
        (b"GET http://api.weixin.qq.com/ HTTP/1.1\r\n\r\n", 405, "forward_only_connect"),
        (b"\x16\x03\x01\x00\xff", 400, "forward_malformed"),
        (connect() + b"\x16\x03\x01", 400, "forward_malformed"),
        (b"CONNECT " + b"a" * 20_000, 431, "headers_too_large"),
        (b"CONNECT api.weixin", 408, "request_too_slow"),  # and not a byte more
    ],
)
async def test_all_others_are_told_why(
    open_front: Opens, data: bytes, status: int, code: str
) -> None:
    way = Waits()
    async with open_front(way, header_timeout_s=0.3) as front:
        with structlog.testing.capture_logs() as told:
            said = await front.answer(data)
        assert said.startswith(f"HTTP/1.1 {status} ".encode())
        assert code.encode() in said
        assert [each["code"] for each in told if each["event"] == "forward refused"] == [code]
        assert front.counted == [code]
        assert KEY.encode() not in said
        await front.is_empty()
    assert way.visitors == []


async def test_guessing_is_locked_out(open_front: Opens) -> None:
    async with open_front(Waits()) as front:
        for _ in range(10):
            assert (await front.answer(connect(KEY + "x"))).startswith(b"HTTP/1.1 407")
        said = await front.answer(connect())  # the right one, from where the wrong ones came
        assert said.startswith(b"HTTP/1.1 429")
        assert b"\r\nretry-after: " in said


async def test_each_peer_has_so_many_places(open_front: Opens) -> None:
    way = Waits()
    way.go_on.clear()
    async with open_front(way, per_ip=2) as front:
        held = [await front.say(connect()) for _ in range(2)]
        async with asyncio.timeout(20):
            while len(way.visitors) < 2:
                await asyncio.sleep(0.01)
        assert b"too_many_connections" in await front.answer(connect())
        way.go_on.set()
        for reader, writer in held:
            assert await reader.read() == ESTABLISHED
            writer.close()
        await front.is_empty()
        assert await front.answer(connect()) == ESTABLISHED


async def test_who_is_turned_away_holds_no_file_that_nobody_counts(
    open_front: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.forward.listener._MOST_OUTSIDE", 3)
    async with open_front(Waits(), per_ip=1) as front:
        came = [await front.say(b"") for _ in range(4)]
        last, writer = await front.say(b"")
        with contextlib.suppress(ConnectionResetError):
            assert await last.read() == b""
        assert len(front.desk.waiting) == 4  # the one with a place, and three who are told why
        assert front.counted == ["too_many_connections"] * 4
        for _, each in [*came, (last, writer)]:
            each.transport.abort()
        await front.is_empty()
        async with asyncio.timeout(20):
            while front.desk.outside:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (TooManyConnections(retry_after_s=1), b"HTTP/1.1 503 "),
        (ConnectionResetError("gone"), b""),
    ],
)
async def test_a_way_that_is_closed_leaves_nothing_behind(
    open_front: Opens, failure: Exception, said: bytes
) -> None:
    async with open_front(Waits(failure)) as front:
        if isinstance(failure, GatewayError):
            assert (await front.answer(connect())).startswith(said)
        else:
            assert await front.answer(connect()) == said
        await front.is_empty()
        assert not front.desk.waiting


async def test_a_refusal_arrives_though_the_caller_sends_on(open_front: Opens) -> None:
    async with open_front(Waits()) as front:
        reader, writer = await front.say(b"GET / HTTP/1.1\r\n\r\n")
        assert (await reader.read(12)) == b"HTTP/1.1 405"
        writer.write(b"x" * 500_000)
        await writer.drain()
        assert b"forward_only_connect" in await reader.read()
        writer.close()


@pytest.mark.parametrize("sent", [b"", b"CONNECT api", connect()])
async def test_who_leaves_gives_its_place_back(open_front: Opens, sent: bytes) -> None:
    way = Waits()
    async with open_front(way) as front:
        _, writer = await front.say(sent)
        async with asyncio.timeout(20):
            while not (front.desk.waiting or way.visitors):
                await asyncio.sleep(0)
        writer.transport.abort()
        await front.is_empty()
        assert not front.desk.waiting


async def test_the_end_ends_those_who_wait(open_front: Opens) -> None:
    way: Any = Waits()
    way.go_on.clear()
    async with open_front(way) as front:
        reader, writer = await front.say(b"CONNECT api")
        inside, other = await front.say(connect())
        async with asyncio.timeout(20):
            while front.door.inside < 2 or not way.visitors:
                await asyncio.sleep(0.01)
    for each, its in ((reader, writer), (inside, other)):
        with contextlib.suppress(ConnectionResetError):
            assert await each.read() == b""
        its.close()
