"""The same faults through the forward proxy: at its door, and inside of its TLS."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from server.forward.answer import ESTABLISHED
from tests.e2e.conftest import KEY
from tests.faults.test_d_framing import FRAMINGS, LINES, smuggled
from tests.faults.test_d_paths import OTHERS, TRICKS
from tests.faults.wire import COUNT, Wire, get, post, upstream

HOST = "api.weixin.qq.com"
FORWARD = {"listen": "127.0.0.1:1"}
BASIC = "Proxy-Authorization: Basic " + base64.b64encode(f"blog:{KEY}".encode()).decode()


@pytest.fixture
async def stand(open_stand: Any) -> AsyncIterator[Any]:
    """A gateway with a forward proxy."""
    async with open_stand({"forward": FORWARD}) as opened:
        yield opened


@asynccontextmanager
async def door(stand: Any) -> AsyncIterator[Wire]:
    """A connection to the proxy that has said nothing yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stand.forward_port, limit=8_000_000)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def inside(stand: Any) -> AsyncIterator[Wire]:
    """A connection through the proxy, with TLS."""
    async with door(stand) as one:
        await one.send(f"CONNECT {HOST}:443 HTTP/1.1\r\n{BASIC}\r\n\r\n")
        assert await one.reader.readexactly(len(ESTABLISHED)) == ESTABLISHED
        trusting = ssl.create_default_context(cafile=str(stand.data_dir / "ca" / "ca.pem"))
        await one.writer.start_tls(trusting, server_hostname=HOST)
        yield one


def there(request: str | bytes) -> str:
    """The request as a tool sends it that believes to talk to WeChat."""
    text = request if isinstance(request, str) else request.decode("latin-1")
    return text.replace("Host: 127.0.0.1\r\n", f"Host: {HOST}\r\n")


async def still_serves(stand: Any) -> None:
    async with inside(stand) as one:
        await one.send(there(get()))
        answer = await one.answer()
        assert answer is not None
        assert answer.json["total_count"] >= 0


TARGETS = (
    "127.0.0.1:443", "10.0.0.1:443", "169.254.169.254:443", "100.100.100.200:443", "0.0.0.0:443",
    "[::1]:443", "[fd00:ec2::254]:443", "[::ffff:127.0.0.1]:443", "[64:ff9b::7f00:1]:443",
    "0:443", "127.1:443", "2130706433:443", "0x7f.1:443", "0x7f000001:443", "0177.0.0.1:443",
    "8.8.8.8:443", "example.com:443", "evil.api.weixin.qq.com:443", "weixin.qq.com:443",
    "api.weixin.qq.com.:443", "api.weixin.qq.com:22", "api.weixin.qq.com:80:443",
    "u:p@api.weixin.qq.com:443", "api.weixin.qq.com:443@127.0.0.1:443", "localhost:443",
    "metadata.google.internal:443", "api.weixin.qq.com.evil.example:443",
)  # fmt: skip


async def test_023_025_031_033_034_nothing_but_wechats_hosts_can_be_asked_for(stand: Any) -> None:
    for target in TARGETS:
        async with door(stand) as one:
            await one.send(f"CONNECT {target} HTTP/1.1\r\n{BASIC}\r\n\r\n")
            answer = await one.answer()
            assert answer is not None, target
            assert (answer.status, answer.code) == (403, "forward_host_refused"), target
            assert await one.is_over(), target
    await still_serves(stand)


AT_THE_DOOR = {
    "a length": ("Content-Length: 5", 400),
    "chunks": ("Transfer-Encoding: chunked", 400),
    "a fold": (" folded", 400),
    "a NUL": ("X-A: a\0b", 400),
    "a bare CR": ("X-A: a\rb", 400),
    "a bare LF": ("X-A: a\nHost: evil.example", 400),
    "a space before the colon": ("X-A : 1", 400),
    "another Host": ("Host: 127.0.0.1", 400),
    "two keys": (BASIC, 400),
    "far too much": ("X-A: " + "a" * 20_000, 431),
    "too many": ("\r\n".join(["X-A: 1"] * 200), 431),
}


async def test_064_065_066_075_a_connect_is_read_in_one_way_only(stand: Any) -> None:
    for name, (line, status) in AT_THE_DOOR.items():
        async with door(stand) as one:
            await one.send(f"CONNECT {HOST}:443 HTTP/1.1\r\n{BASIC}\r\n{line}\r\n\r\n")
            answer = await one.answer()
            assert answer is not None, name
            assert answer.status == status, name
            assert await one.is_over(), name
    await still_serves(stand)


async def test_064_065_what_could_be_read_in_two_ways_is_refused_inside_too(stand: Any) -> None:
    for name, request in {**FRAMINGS, **LINES}.items():
        async with inside(stand) as one:
            await one.send(there(request + smuggled()))
            answer = await one.answer()
            assert answer is not None, name
            assert (answer.status, answer.headers["connection"]) == (400, "close"), name
            assert await one.is_over(), name
    assert upstream(stand) == []
    await still_serves(stand)


async def test_066_inside_the_host_is_that_of_the_connect(stand: Any) -> None:
    for lines in ("", "Host: mp.weixin.qq.com\r\n", "Host: 127.0.0.1\r\n", f"Host: {HOST}\r\n" * 2):
        async with inside(stand) as one:
            await one.send(f"GET {COUNT} HTTP/1.1\r\n{lines}X-Wxgate-Account: main\r\n\r\n")
            answer = await one.answer()
            assert answer is not None, lines
            assert (answer.status, answer.code) == (400, "forward_host_differs"), lines
    assert upstream(stand) == []


async def test_067_a_path_that_can_be_read_in_two_ways_reaches_nobody_inside(stand: Any) -> None:
    for path in (*TRICKS, *OTHERS, "/v1/jobs", "/v1%2fadmin/clients", "/metrics", "/docs"):
        async with inside(stand) as one:
            await one.send(there(get(path)))
            answer = await one.answer()
            assert answer is not None, path
            assert answer.status in (400, 404), path
    assert upstream(stand) == []
    await still_serves(stand)


async def test_070_nobody_is_believed_who_it_says_it_speaks_for(open_stand: Any) -> None:
    server = {"trusted_proxies": ["127.0.0.0/8"]}
    async with open_stand({"forward": FORWARD, "server": server}) as stand:
        async with inside(stand) as one:
            lines = ("X-Forwarded-For: 203.0.113.9", "X-Original-URL: /cgi-bin/freepublish/submit")
            await one.send(there(get(COUNT, *lines)))
            answer = await one.answer()
            assert answer is not None
            assert answer.status == 200
        assert {seen.path for seen in upstream(stand)} == {COUNT}


async def test_074_who_is_slow_is_cut_off_at_the_door_and_inside(open_stand: Any) -> None:
    server = {"header_timeout_s": 0.5, "body_timeout_s": 0.5}
    async with open_stand({"forward": FORWARD, "server": server}) as stand:
        async with door(stand) as one:
            await one.send("CONNECT api.weixin")
            answer = await one.answer()
            assert answer is not None
            assert answer.status == 408
        async with door(stand) as one:  # established, and then no TLS
            await one.send(f"CONNECT {HOST}:443 HTTP/1.1\r\n{BASIC}\r\n\r\n")
            await one.reader.readexactly(len(ESTABLISHED))
            assert await one.is_over()
        for request in (there(get())[:30], there(post("{}" * 50))[:-5]):
            async with inside(stand) as one:
                await one.send(request)
                answer = await one.answer()
                assert answer is not None
                assert answer.status == 408
        await still_serves(stand)


async def test_077_tools_that_go_away_leave_nothing_behind(stand: Any) -> None:
    for at in range(40):
        async with inside(stand) as one:
            await one.send(there(post("{}" * 50, path="/cgi-bin/draft/batchget"))[: 40 + at * 7])
    for _ in range(20):
        async with door(stand) as one:
            await one.send(f"CONNECT {HOST}:443 HTTP/1.1\r\n{BASIC}\r\n\r\n")
    await still_serves(stand)


async def test_078_verbs_that_are_not_wechats_are_refused_inside(stand: Any) -> None:
    for verb in ("CONNECT", "TRACE", "PUT", "DELETE", "PATCH", "PROPFIND"):
        async with inside(stand) as one:
            await one.send(there(get(COUNT, verb=verb)))
            answer = await one.answer()
            assert answer is not None, verb
            assert answer.status in (400, 404, 405), verb
    assert upstream(stand) == []


async def test_079_twenty_at_once_are_answered_in_order_inside(stand: Any) -> None:
    async with inside(stand) as one:
        ids = [f"pipelined-{number:02}" for number in range(20)]
        await one.send("".join(there(get(COUNT, f"X-Request-Id: {each}")) for each in ids))
        for each in ids:
            answer = await one.answer()
            assert answer is not None
            assert (answer.status, answer.headers["x-request-id"]) == (200, each)


async def test_082_a_compressed_body_is_refused_inside(stand: Any) -> None:
    async with inside(stand) as one:
        await one.send(there(post(b"\x1f\x8b", "Content-Encoding: gzip")))
        answer = await one.answer()
        assert answer is not None
        assert answer.status == 415
    assert upstream(stand) == []
