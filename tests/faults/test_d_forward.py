"""Faults at the door of the forward proxy, before anything is said inside.

What holds inside, as at the base URL, is in the other files of section D: `each_door`.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from server.forward.answer import ESTABLISHED
from tests.e2e.conftest import KEY
from tests.faults.doors import FORWARD, HOST, basic
from tests.faults.wire import Answer, Wire, get, inside, knocking, upstream, wire

CONNECT = f"CONNECT {HOST}:443 HTTP/1.1\r\n{basic()}\r\n"


@pytest.fixture(params=["inspect", "tunnel"])
def mode(request: pytest.FixtureRequest) -> str:
    """Of the proxy; its door is the same."""
    return str(request.param)


@pytest.fixture
async def gate(open_stand: Any, mode: str) -> AsyncIterator[Any]:
    """A gateway with a forward proxy."""
    async with open_stand({"forward": {**FORWARD, "mode": mode}}) as opened:
        yield opened


async def told(one: Wire) -> Answer:
    """The refusal, after which the connection ends."""
    answer = await one.answer()
    assert answer is not None
    assert answer.headers["connection"] == "close"
    return answer


async def still_open(gate: Any) -> None:
    async with knocking(gate) as one:
        await one.send(CONNECT + "\r\n")
        assert await one.reader.readexactly(len(ESTABLISHED)) == ESTABLISHED


ODD = {
    "a length": ("Content-Length: 5", 400),
    "chunks": ("Transfer-Encoding: chunked", 400),
    "a fold": (" folded", 400),
    "a NUL": ("X-A: a\0b", 400),
    "a bare CR": ("X-A: a\rb", 400),
    "a bare LF": ("X-A: a\nHost: evil.example", 400),
    "a space before the colon": ("X-A : 1", 400),
    "another Host": ("Host: 127.0.0.1", 400),
    "another port in Host": (f"Host: {HOST}:22", 400),
    "two Hosts": (f"Host: {HOST}\r\nHost: {HOST}", 400),
    "two keys": (basic(), 400),
    "a request behind it": ("\r\n" + get(), 400),
    "far too much": ("X-A: " + "a" * 20_000, 431),
    "too many": ("\r\n".join(["X-A: 1"] * 200), 431),
}


async def test_064_065_066_075_a_connect_is_read_in_one_way_only(gate: Any) -> None:
    for name, (line, status) in ODD.items():
        async with knocking(gate) as one:
            await one.send(f"{CONNECT}{line}\r\n\r\n")
            answer = await told(one)
            assert answer.status == status, name
            assert await one.is_over(), name
    assert upstream(gate) == []
    await still_open(gate)


async def test_066_067_inside_there_is_wechats_host_and_the_relay_alone(open_stand: Any) -> None:
    async with open_stand({"forward": FORWARD}) as stand:
        for lines in ("", "Host: mp.weixin.qq.com\r\n", "Host: 127.0.0.1:443\r\n",
                      f"Host: {HOST}\r\n" * 2, f"Host: {HOST}.\r\n", f"Host: {HOST}:80:80\r\n"):  # fmt: skip
            async with inside(stand) as one:
                await one.send(f"GET /cgi-bin/draft/count HTTP/1.1\r\n{lines}\r\n")
                answer = await one.answer()
                assert answer is not None, lines
                assert (answer.status, answer.code) == (400, "forward_host_differs"), lines
        for path in ("/v1/jobs", "/v1%2fadmin/clients", "/metrics", "/docs", "/health", "/mcp",
                     "/wenyan/health", "/callback/main", "/console", "/openapi.json", "/"):  # fmt: skip
            async with inside(stand) as one:
                await one.send(get(path))
                answer = await one.answer()
                assert answer is not None, path
                assert (answer.status, answer.json["errcode"]) in ((404, 40066), (400, 40066)), path
        assert upstream(stand) == []


async def test_070_nobody_is_believed_who_it_says_it_speaks_for(open_stand: Any) -> None:
    client: dict[str, Any] = {
        "id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["relay:read"],
        "allow_ips": ["192.0.2.0/24"],
    }  # fmt: skip
    server = {"trusted_proxies": ["127.0.0.0/8"]}
    change = {"forward": FORWARD, "server": server, "clients": [client]}
    lied = "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n"
    async with open_stand(change) as stand, knocking(stand) as one:
        await one.send(f"{CONNECT}{lied}\r\n")
        refused = await told(one)
        assert (refused.status, refused.code) == (403, "ip_not_allowed")
    client["allow_ips"] = ["127.0.0.1/32"]
    async with open_stand(change) as stand, inside(stand) as one:
        await one.send(get("/cgi-bin/draft/count", lied.rstrip()))
        answer = await one.answer()
        assert answer is not None
        assert answer.status == 200


async def test_074_who_is_slow_is_cut_off_at_the_door(open_stand: Any, mode: str) -> None:
    server = {"header_timeout_s": 1}
    async with open_stand({"forward": {**FORWARD, "mode": mode}, "server": server}) as gate:
        async with knocking(gate) as silent, knocking(gate) as slow, knocking(gate) as tls:
            await slow.send("CONNECT api.weixin")
            await tls.send(CONNECT + "\r\n")
            await tls.reader.readexactly(len(ESTABLISHED))
            for one in (silent, slow):
                assert (await told(one)).status == 408
            if mode == "inspect":  # established, and then no TLS
                assert await tls.is_over()
        await still_open(gate)


async def test_074_connections_of_one_peer_are_bounded_at_both_doors(
    open_stand: Any, mode: str
) -> None:
    server = {"max_connections_per_ip": 6}
    change = {"forward": {**FORWARD, "mode": mode}, "server": server}
    async with open_stand(change) as gate, AsyncExitStack() as stack:
        for index in range(6):
            await stack.enter_async_context(knocking(gate) if index % 2 else wire(gate))
        async with knocking(gate) as one:
            refused = await told(one)
        assert (refused.status, refused.code) == (503, "too_many_connections")
        assert refused.headers["retry-after"] == "1"


async def test_076_078_081_the_door_takes_connect_alone_and_repeats_no_text(gate: Any) -> None:
    async with knocking(gate) as one:
        await one.send(f"CONNECT {HOST}:443 HTTP/1.1\r\nExpect: 100-continue\r\n\r\n")
        assert (await told(one)).status == 407  # never 100 first
    for verb in ("GET", "POST", "OPTIONS", "TRACE", "PRI", "FOO"):
        async with knocking(gate) as one:
            await one.send(get("/cgi-bin/draft/count", basic(), verb=verb))
            answer = await told(one)
            assert (answer.status, answer.headers["allow"]) == (405, "CONNECT"), verb
    for verb in ("connect", "Connect", "\x16\x03\x01", "\x05\x01"):
        async with knocking(gate) as one:
            await one.send(f"{verb} {HOST}:443 HTTP/1.1\r\n{basic()}\r\n\r\n")
            assert (await told(one)).status == 400, verb
    async with knocking(gate) as one:
        await one.send(f"CONNECT a%0d%0aSet-Cookie:a=b:443 HTTP/1.1\r\n{basic()}\r\n\r\n")
        answer = await told(one)
        assert answer.status == 403
        assert "set-cookie" not in answer.headers
    assert upstream(gate) == []


async def test_077_tools_that_go_away_leave_nothing_behind(gate: Any) -> None:
    for at in range(100):
        async with knocking(gate) as one:
            await one.send(f"{CONNECT}\r\n"[: 20 + at * 2])
    await still_open(gate)
