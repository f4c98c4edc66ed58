"""What no tool would say to the forward proxy: a clear answer or an end, and no traceback."""

import asyncio
import contextlib
import logging
import os
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog

from server.forward.answer import ESTABLISHED
from tests.e2e.conftest import KEY, Opens, Stand
from tests.e2e.test_forward import FORWARD, trusting
from tests.server.forward.conftest import HOST, connect

COUNT = "/cgi-bin/draft/count"
ASK = f"GET {COUNT} HTTP/1.1\r\nHost: {HOST}\r\nX-Wxgate-Account: main\r\n\r\n"
_END_S = 20  # nothing may hang for longer

HEAD = connect(KEY)
AT_THE_DOOR = {
    "upper case": (connect(KEY, target="API.WEIXIN.QQ.COM:443"), ESTABLISHED),
    "no port": (connect(KEY, target=HOST), b"HTTP/1.1 403"),
    "port with zeros": (connect(KEY, target=f"{HOST}:0443"), b"HTTP/1.1 403"),
    "an empty port": (connect(KEY, target=f"{HOST}:"), b"HTTP/1.1 403"),
    "a path": (connect(KEY, target=f"{HOST}:443/"), b"HTTP/1.1 403"),
    "a zone": (connect(KEY, target="[fe80::1%eth0]:443"), b"HTTP/1.1 403"),
    "punycode": (connect(KEY, target="xn--api-weixin.qq.com:443"), b"HTTP/1.1 403"),
    "an IDN": ("CONNECT 微信.qq.com:443 HTTP/1.1\r\n\r\n".encode(), b"HTTP/1.1 400"),
    "a full-width dot": (
        f"CONNECT {HOST.replace('.', '。')}:443 HTTP/1.1\r\n\r\n".encode(),
        b"HTTP/1.1 400",
    ),
    "absolute": (f"GET http://{HOST}{COUNT} HTTP/1.1\r\n\r\n".encode(), b"HTTP/1.1 405"),
    "absolute, TLS": (f"GET https://{HOST}{COUNT} HTTP/1.1\r\n\r\n".encode(), b"HTTP/1.1 405"),
    "a request behind it": (HEAD + ASK.encode(), b"HTTP/1.1 400"),
    "another CONNECT behind it": (HEAD + HEAD, b"HTTP/1.1 400"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/1.1 400"),
    "HTTP/0.9": (b"GET /\r\n\r\n", b"HTTP/1.1 400"),
    "SOCKS": (b"\x05\x01\x00", b"HTTP/1.1 400"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01", b"HTTP/1.1 400"),
    "line ends alone": (b"\n" * 100, b"HTTP/1.1 400"),
    "noise": (b"\x80" + os.urandom(40_000), b"HTTP/1.1 400"),
    "a key that is no base64": (
        f"CONNECT {HOST}:443 HTTP/1.1\r\nProxy-Authorization: Basic ~\r\n\r\n".encode(),
        b"HTTP/1.1 407",
    ),
    "a bearer": (
        f"CONNECT {HOST}:443 HTTP/1.1\r\nProxy-Authorization: Bearer {KEY}\r\n\r\n".encode(),
        b"HTTP/1.1 407",
    ),
    "a byte at a time": (connect(KEY, target=f"{HOST}:22"), b"HTTP/1.1 403"),
}
INSTEAD_OF_TLS = {
    "HTTP": ASK.encode(),
    "noise": os.urandom(5_000),
    "a record of 64 KB": b"\x16\x03\x01\xff\xff" + bytes(65_535),
    "half a hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(20),
    "an alert": b"\x15\x03\x01\x00\x02\x02\x28",
    "SSL 2": b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + bytes(35),
}
INSIDE = {
    "absolute": (ASK.replace(COUNT, f"https://{HOST}{COUNT}"), (200, "")),
    "absolute, elsewhere": (ASK.replace(COUNT, f"https://example.com{COUNT}"), (400, "host_invalid")),
    "absolute, within": (
        ASK.replace(COUNT, f"http://127.0.0.1{COUNT}").replace(f"Host: {HOST}", "Host: 127.0.0.1"),
        (400, "forward_host_differs"),
    ),
    "CONNECT again": (HEAD.decode(), (400, "not_a_proxy")),
    "HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, "http_malformed")),
    "CL and TE": (
        ASK.replace("\r\n\r\n", "\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        + ASK,
        (400, "http_malformed"),
    ),
    "TLS again": ("\x16\x03\x01\x02\x00\x01", (400, "http_malformed")),
}  # fmt: skip


@pytest.fixture
async def stand(open_stand: Opens, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Stand]:
    """One that complains of nothing while the test runs, and keeps no connection."""
    with structlog.testing.capture_logs() as told:
        async with open_stand({**FORWARD, "server": {"header_timeout_s": 0.5}}) as opened:
            yield opened
    assert [each for each in told if each["log_level"] in ("error", "critical")] == []
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


async def opened(stand: Stand) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", stand.forward_port)


async def rest(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(_END_S):
        with contextlib.suppress(ConnectionError):
            return await reader.read()
        return b""


async def still_serves(stand: Stand) -> None:
    status, said = await inside(stand, ASK)
    assert (status, b"total_count" in said) == (200, True)


async def inside(stand: Stand, data: str, **tls: Any) -> tuple[int, bytes]:
    """Status and body of the first answer there."""
    reader, writer = await opened(stand)
    writer.write(HEAD)
    await reader.readexactly(len(ESTABLISHED))
    context = tls.pop("context", None) or trusting(stand)
    async with asyncio.timeout(_END_S):
        await writer.start_tls(context, **{"server_hostname": HOST, **tls})
        writer.write(data.encode("latin-1"))
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length: ")[2].partition("\r")[0])
        body = await reader.readexactly(length)
    writer.transport.abort()
    return int(head.split(" ")[1]), body


async def test_at_the_door(stand: Stand) -> None:
    for name, (data, answer) in AT_THE_DOOR.items():
        reader, writer = await opened(stand)
        for piece in [data[at : at + 1] for at in range(len(data))] if "byte" in name else [data]:
            writer.write(piece)
            await asyncio.sleep(0)
        async with asyncio.timeout(_END_S):
            assert (await reader.read(len(answer))) == answer, name
        writer.transport.abort()
    await still_serves(stand)


async def test_a_head_that_never_ends_is_told_so(stand: Stand) -> None:
    reader, writer = await opened(stand)

    async def drip() -> None:
        with contextlib.suppress(ConnectionError):
            for byte in HEAD[:-1]:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        dripping = group.create_task(drip())
        assert (await rest(reader)).startswith(b"HTTP/1.1 408 ")
        dripping.cancel()
    writer.transport.abort()
    await still_serves(stand)


async def test_what_is_no_tls_is_cut(stand: Stand) -> None:
    for data in INSTEAD_OF_TLS.values():
        reader, writer = await opened(stand)
        writer.write(HEAD)
        await reader.readexactly(len(ESTABLISHED))
        writer.write(data)
        # An alert, perhaps; nothing that could be taken for an answer.
        assert len(await rest(reader)) < 20
        writer.transport.abort()
    await still_serves(stand)


async def test_another_name_in_tls_is_refused_and_none_is_taken(stand: Stand) -> None:
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    for name in ("mp.weixin.qq.com", "example.com"):
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await inside(stand, ASK, context=careless, server_hostname=name)
    assert (await inside(stand, ASK, context=careless, server_hostname=""))[0] == 200
    await still_serves(stand)


async def test_who_offers_http2_alone_hears_http1(stand: Stand) -> None:
    context = trusting(stand)
    context.set_alpn_protocols(["h2"])
    status, said = await inside(stand, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", context=context)
    assert (status, b"http_malformed" in said) == (400, True)
    await still_serves(stand)


async def test_inside_of_tls(stand: Stand) -> None:
    for name, (data, (status, code)) in INSIDE.items():
        answered, body = await inside(stand, data)
        assert (answered, code.encode() in body) == (status, True), (name, answered, body)
    assert set(stand.calls()) <= {COUNT, "/cgi-bin/stable_token"}
