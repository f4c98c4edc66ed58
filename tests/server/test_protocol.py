"""Deadlines by a clock of the test's own; what real sockets see is in tests/faults/test_d_*."""

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from server.connections import ConnectionSettings, Door, Guard
from server.protocol import GuardedProtocol

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Transport(asyncio.Transport):
    """A socket that takes what it is allowed to."""

    def __init__(self, host: str) -> None:
        super().__init__({"peername": (host, 1), "sockname": ("127.0.0.1", 80)})
        self.sent = b""
        self.waiting = 0
        self.ended = ""
        self.eof = False

    def write(self, data: Any) -> None:
        self.sent += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.eof = True

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return bool(self.ended)

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Stage:
    """Protocols of one process, and an application that does what the test says."""

    def __init__(self, **limits: Any) -> None:
        self.cut: list[str] = []
        self.state = ServerState()
        settings = ConnectionSettings(**limits)
        door = Door(
            max_connections=settings.max_connections, max_per_ip=settings.max_connections_per_ip
        )
        self.door = door
        self.leaving = False
        self._guard = Guard(settings, door, self.cut.append, lambda: self.leaving)
        self._config = uvicorn.Config(self.app, interface="asgi3", ws="none", log_config=None)
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.reads_body = True
        self.heard: list[str] = []

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/quick":
            await self.go_on.wait()
        more = self.reads_body
        while more:
            message = await receive()
            self.heard.append(message["type"])
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})  # fmt: skip
        await send({"type": "http.response.body", "body": b"ok"})

    def connect(self, host: str = "192.0.2.1") -> tuple[GuardedProtocol, Transport]:
        protocol = GuardedProtocol(self._config, self.state, {}, guard=self._guard)
        transport = Transport(host)
        protocol.connection_made(transport)
        return protocol, transport

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


def later(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_a_connection_that_asks_nothing_is_closed_without_a_word() -> None:
    stage = Stage(header_timeout_s=10)
    protocol, transport = stage.connect()
    protocol.check(later(9))
    assert transport.ended == ""
    protocol.check(later(11))
    assert (transport.ended, transport.sent, stage.cut) == ("closed", b"", ["nothing_asked"])


async def test_headers_have_one_deadline_however_they_drip() -> None:
    stage = Stage(header_timeout_s=10)
    protocol, transport = stage.connect()
    protocol.data_received(GET[:10])
    protocol.check(later(9))
    protocol.data_received(GET[10:20])
    protocol.check(later(11))
    assert transport.sent.startswith(b"HTTP/1.1 408")
    assert transport.eof
    protocol.check(later(3))
    assert transport.ended == ""  # the caller has a moment to read it
    protocol.check(later(30))
    assert transport.ended == "aborted"


async def test_a_kept_connection_gets_the_same_deadline_for_its_next_headers() -> None:
    stage = Stage(header_timeout_s=10)
    protocol, transport = stage.connect()
    protocol.data_received(GET)
    await stage.settle()
    assert transport.sent.endswith(b"ok")
    protocol.check(later(1_000))
    assert transport.ended == ""  # idle connections are uvicorn's
    protocol.data_received(b"\r\n")
    protocol.check(later(1_000))
    assert b"HTTP/1.1 408" in transport.sent


async def test_headers_that_wait_behind_an_answer_do_not_cut_it() -> None:
    stage = Stage(header_timeout_s=10)
    stage.go_on.clear()
    protocol, transport = stage.connect()
    protocol.data_received(GET + GET[:10])
    protocol.check(later(1_000))
    assert transport.ended == ""
    stage.go_on.set()
    await stage.settle()
    assert transport.sent.endswith(b"ok")


async def test_a_body_earns_time_by_its_bytes() -> None:
    stage = Stage(body_timeout_s=30)
    protocol, transport = stage.connect()
    protocol.data_received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n")
    protocol.data_received(b"x" * 50_000)
    await stage.settle()
    protocol.check(later(34))
    assert transport.ended == ""
    protocol.check(later(36))
    assert transport.sent.startswith(b"HTTP/1.1 408")
    await stage.settle()
    assert stage.heard[-1] == "http.disconnect"
    assert transport.sent.count(b"HTTP/1.1") == 1


async def test_a_caller_is_not_late_while_nobody_reads() -> None:
    stage = Stage(body_timeout_s=30)
    stage.go_on.clear()
    protocol, transport = stage.connect()
    protocol.data_received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n")
    protocol.data_received(b"x" * 70_000)  # more than is taken unasked
    protocol.check(later(1_000))
    assert transport.sent == b""
    stage.go_on.set()
    await stage.settle()
    protocol.check(later(1_020))
    assert transport.sent == b""
    protocol.check(later(1_050))
    assert transport.sent.startswith(b"HTTP/1.1 408")


async def test_a_caller_that_takes_nothing_is_cut_off() -> None:
    stage = Stage(write_timeout_s=30)
    protocol, transport = stage.connect()
    protocol.data_received(GET)
    await stage.settle()
    transport.waiting = 900_000
    protocol.check(later(0))
    protocol.check(later(29))
    assert transport.ended == ""
    transport.waiting = 800_000  # 100 KB taken: ten seconds more
    protocol.check(later(35))
    assert transport.ended == ""
    protocol.check(later(41))
    assert (transport.ended, stage.cut) == ("aborted", ["answer_not_taken"])


async def test_one_that_goes_on_taking_is_not() -> None:
    stage = Stage(write_timeout_s=30)
    protocol, transport = stage.connect()
    protocol.data_received(GET)
    await stage.settle()
    transport.waiting = 900_000
    for seconds in range(0, 1_000, 20):
        protocol.check(later(seconds))
        protocol.pause_writing()
        protocol.resume_writing()
    assert transport.ended == ""


async def test_an_answer_before_its_body_says_that_the_connection_ends() -> None:
    stage = Stage()
    stage.reads_body = False
    protocol, transport = stage.connect()
    protocol.data_received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n")
    await stage.settle()
    assert b"connection: close" in transport.sent
    assert transport.ended == ""
    assert transport.eof
    before = transport.sent
    protocol.data_received(b"x" * 100_000)
    protocol.data_received(GET)
    await stage.settle()
    assert transport.sent == before


async def test_a_small_body_that_nobody_wanted_is_skipped() -> None:
    stage = Stage()
    stage.reads_body = False
    protocol, transport = stage.connect()
    protocol.data_received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
    await stage.settle()
    assert b"connection: close" not in transport.sent
    protocol.data_received(b"12345" + GET)
    await stage.settle()
    assert transport.sent.count(b"HTTP/1.1 200") == 2


async def test_who_comes_too_many_is_turned_away_with_a_reason() -> None:
    stage = Stage(max_connections_per_ip=1)
    first, _ = stage.connect()
    _, transport = stage.connect()
    assert transport.sent.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 1\r\n" in transport.sent
    assert (transport.ended, stage.cut) == ("closed", ["too_many_connections"])
    first.connection_lost(None)
    _, transport = stage.connect()
    assert transport.sent == b""


async def test_a_full_house_sends_an_idle_one_away() -> None:
    stage = Stage(max_connections=2)
    idle, gone = stage.connect("192.0.2.1")
    idle.data_received(GET)
    await stage.settle()
    stage.connect("192.0.2.2")
    _, transport = stage.connect("192.0.2.3")
    assert (transport.sent, gone.ended) == (b"", "aborted")
    assert stage.door.inside == 2
    _, refused = stage.connect("192.0.2.4")  # the others are at work
    assert refused.sent.startswith(b"HTTP/1.1 503")
    idle.connection_lost(None)
    assert stage.door.inside == 2


@pytest.mark.parametrize("part", [b"", GET[:10]])
async def test_a_process_that_stops_waits_only_a_moment_for_requests_that_have_not_come(
    part: bytes,
) -> None:
    stage = Stage()
    protocol, transport = stage.connect()
    if part:
        protocol.data_received(part)
    protocol.shutdown()
    assert not transport.ended
    async with asyncio.timeout(20):
        while not transport.ended:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("earlier", [b"", GET])
async def test_a_request_that_was_on_its_way_when_the_process_stops_is_answered(
    earlier: bytes,
) -> None:
    stage = Stage()
    protocol, transport = stage.connect()
    if earlier:
        protocol.data_received(earlier)
        await stage.settle()
    stage.leaving = True
    protocol.shutdown()
    protocol.data_received(GET)
    await stage.settle()
    assert transport.sent.endswith(b"ok")
    assert transport.sent.count(b"connection: close") == 1
    async with asyncio.timeout(20):
        while not transport.ended:
            await asyncio.sleep(0.05)


async def test_who_is_answered_by_a_process_that_leaves_is_told_to_connect_anew() -> None:
    stage = Stage()
    protocol, transport = stage.connect()
    protocol.data_received(GET)
    await stage.settle()
    assert b"connection: close" not in transport.sent
    stage.leaving = True
    protocol.data_received(GET)
    await stage.settle()
    assert transport.sent.count(b"200 OK") == 2
    assert b"connection: close" in transport.sent
    assert transport.eof


async def test_a_process_that_stops_ends_what_it_has_begun() -> None:
    stage = Stage()
    stage.go_on.clear()
    protocol, transport = stage.connect()
    protocol.data_received(GET)
    await stage.settle()
    protocol.shutdown()
    assert transport.ended == ""
    stage.go_on.set()
    await stage.settle()
    assert transport.sent.endswith(b"ok")
    assert b"connection: close" in transport.sent
    assert transport.ended == "closed"


async def test_a_goodbye_that_is_not_answered_is_waited_for_once_all_is_taken() -> None:
    stage = Stage()
    protocol, transport = stage.connect()
    transport.close()  # of TLS, which waits for the other side
    transport.waiting = 1
    start = asyncio.get_running_loop().time()
    for after_s, waiting, ended in ((1, 1, "closed"), (8, 1, "closed"), (9, 0, "closed")):
        transport.waiting = waiting
        protocol.check(start + after_s)
        assert transport.ended == ended
    protocol.check(start + 14)
    assert transport.ended == "aborted"


async def test_a_process_that_stops_waits_for_no_goodbye_of_who_is_idle() -> None:
    stage = Stage()
    protocol, transport = stage.connect()
    protocol.data_received(GET)
    await stage.settle()
    transport.waiting = 1  # the end of the answer
    protocol.shutdown()
    async with asyncio.timeout(20):
        while not transport.ended:
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.8)
    assert transport.ended == "closed"
    transport.waiting = 0
    async with asyncio.timeout(20):
        while transport.ended != "aborted":
            await asyncio.sleep(0.05)


async def test_who_takes_it_for_a_proxy_is_told_where_one_is_in_the_status_line() -> None:
    stage = Stage()
    protocol, transport = stage.connect()
    protocol.data_received(b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
    line, _, rest = transport.sent.partition(b"\r\n")
    assert line.startswith(b"HTTP/1.1 400 Bad Request (wxgate: this port is no forward proxy -> ")
    assert b"[forward]" in line
    assert "不是正向代理".encode() in rest
    assert stage.cut == ["not_a_proxy"]
