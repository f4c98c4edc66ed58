"""What the forward proxy adds to a relayed call: python -m bench.forward.

CPU of one `wxgate serve` per request over kept connections, by base URL and inside of the TLS of
the forward proxy, rounds interleaved; what a new connection costs; memory of an idle one. Only the
ratios mean anything on another machine.
"""

import asyncio
import base64
import ssl
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import uvloop

from bench.load import Stream, closing, exchange, get, post, virtual_token
from bench.processes import cpu_s, listening, started
from bench.served import KEY, served
from tests.conftest import free_port

CONNECTIONS, REQUESTS, ROUNDS = 16, 3_000, 5
NEW, IDLE = 200, 400
HOST = "api.weixin.qq.com"
_SAID = base64.b64encode(f"bench:{KEY}".encode()).decode()
_CONNECT = f"CONNECT {HOST}:443 HTTP/1.1\r\nProxy-Authorization: Basic {_SAID}\r\n\r\n".encode()

Open = Callable[[], Awaitable[Stream]]


async def by_base_url(port: int) -> Stream:
    return await asyncio.open_connection("127.0.0.1", port)


async def inside(port: int, trusting: ssl.SSLContext) -> Stream:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_CONNECT)
    await reader.readuntil(b"\r\n\r\n")
    await writer.start_tls(trusting, server_hostname=HOST)
    return reader, writer


async def repeat(stream: Stream, request: bytes, count: int) -> None:
    for _ in range(count):
        await exchange(stream, request)


async def kept_us(process: psutil.Process, connect: Open, request: bytes) -> float:
    """CPU of a request over a connection that is there."""
    streams = [await connect() for _ in range(CONNECTIONS)]
    each = REQUESTS // CONNECTIONS
    with closing(streams):
        await asyncio.gather(*(repeat(stream, request, 10) for stream in streams))
        before = cpu_s(process)
        await asyncio.gather(*(repeat(stream, request, each) for stream in streams))
        return (cpu_s(process) - before) / (each * CONNECTIONS) * 1e6


async def new_us(process: psutil.Process, connect: Open, request: bytes) -> float:
    """CPU of a request with a connection of its own."""
    before = cpu_s(process)
    for _ in range(NEW):
        with closing([await connect()]) as (stream,):
            await exchange(stream, request)
    return (cpu_s(process) - before) / NEW * 1e6


async def idle_kb(process: psutil.Process, connect: Open, request: bytes) -> float:
    """Memory of a connection that has been served and is kept."""
    before = process.memory_info().rss
    streams = []
    for _ in range(IDLE):
        streams.append(await connect())
        await exchange(streams[-1], request)
    with closing(streams):
        return float(process.memory_info().rss - before) / IDLE / 1024


async def main() -> None:
    proxy = free_port()
    change = {"forward": {"listen": f"127.0.0.1:{proxy}"}}
    with (
        tempfile.TemporaryDirectory() as name,
        started("bench.sink") as (sink, _),
        served(sink, Path(name), change, stderr=subprocess.DEVNULL) as (port, process),
    ):
        await asyncio.gather(*(listening(each) for each in (sink, port, proxy)))
        token = await virtual_token(port)
        ca = Path(name) / str(port) / "ca" / "ca.pem"
        trusting = ssl.create_default_context(cafile=str(ca))
        ways: dict[str, tuple[Open, bytes]] = {
            "base URL": (lambda: by_base_url(port), b"127.0.0.1"),
            "inspect": (lambda: inside(proxy, trusting), HOST.encode()),
        }
        body = b'{"offset":0,"count":20,"x":"' + b"y" * 20_000 + b'"}'
        small = get("/cgi-bin/draft/count", token)
        large = post("/cgi-bin/draft/batchget", token, body, "application/json")
        measures = {
            "GET 300 B, kept, µs": (kept_us, small),
            "POST 20 KB, kept, µs": (kept_us, large),
            "GET, new connection, µs": (new_us, small),
        }
        found: dict[tuple[str, str], list[float]] = {}
        for _ in range(ROUNDS):
            for what, (measure, request) in measures.items():
                for way, (connect, host) in ways.items():
                    fitting = request.replace(b"Host: 127.0.0.1", b"Host: " + host)
                    cost = await measure(process, connect, fitting)
                    found.setdefault((what, way), []).append(cost)
        for way, (connect, host) in ways.items():
            fitting = small.replace(b"Host: 127.0.0.1", b"Host: " + host)
            found["idle connection, KB", way] = [await idle_kb(process, connect, fitting)]
        for what in (*measures, "idle connection, KB"):
            base, ours = (statistics.median(found[what, way]) for way in ways)
            print(f"{what}: base URL {base:.0f}, inspect {ours:.0f} = {ours / base:.2f} ×")


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
