"""What slow callers cost the others: python -m bench.slowloris.

300 sockets that send headers or bodies a byte at a time or take nothing of a big answer, beside
10 normal callers. The normal callers' p99 with them, over that without, rounds interleaved; at
most 2.
"""

import asyncio
import contextlib
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from bench.load import closing, exchange, get, ready, virtual_token
from bench.processes import listening, started
from bench.served import served

CALLERS, CALLS, SLOW, ROUNDS, LIMIT = 10, 300, 300, 5, 2.0
PATH = "/cgi-bin/customservice/getonlinekflist"  # no daily quota is known of it
_HEAD = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
_BODY = (
    b"POST /cgi-bin/draft/add HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n"
    b"Authorization: Bearer wxg_bench_0123456789abcdefghijklmn\r\n\r\n"
)
_READ = b"GET /docs/swagger_bundle.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 5


async def p99_ms(port: int, request: bytes) -> float:
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CALLERS)]
    took: list[float] = []

    async def call(stream) -> None:
        for _ in range(CALLS):
            began = time.perf_counter()
            body = await exchange(stream, request)
            took.append((time.perf_counter() - began) * 1_000)
            if b"wxgate" in body:
                raise SystemExit(f"refused: {body!r}")

    with closing(streams):
        await asyncio.gather(*map(call, streams))
    return statistics.quantiles(took, n=100)[98]


async def slow(port: int, kind: int) -> None:
    """One of them, which comes again whenever it is cut off."""
    loop = asyncio.get_running_loop()
    while True:
        with contextlib.suppress(OSError), socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            sock.setblocking(False)
            await loop.sock_connect(sock, ("127.0.0.1", port))
            await loop.sock_sendall(sock, (_HEAD, _BODY, _READ)[kind])
            while True:
                await asyncio.sleep(1)
                await loop.sock_sendall(sock, b"" if kind == 2 else b"a")


async def main() -> int:
    with (
        tempfile.TemporaryDirectory() as name,
        started("bench.sink") as (sink, _),
        served(sink, Path(name)) as (port, _process),
    ):
        await asyncio.gather(listening(sink), listening(port))
        await ready(port)
        request = get(PATH, await virtual_token(port))
        await p99_ms(port, request)
        alone, beside = [], []
        for _ in range(ROUNDS):
            alone.append(await p99_ms(port, request))
            crowd = [asyncio.ensure_future(slow(port, n % 3)) for n in range(SLOW)]
            await asyncio.sleep(2)
            beside.append(await p99_ms(port, request))
            for one in crowd:
                one.cancel()
            await asyncio.gather(*crowd, return_exceptions=True)
            await asyncio.sleep(1)
    ratio = statistics.median(beside) / statistics.median(alone)
    print(
        f"p99 of {CALLERS} callers: alone {statistics.median(alone):.1f} ms, beside {SLOW} slow "
        f"sockets {statistics.median(beside):.1f} ms = {ratio:.2f} × (limit {LIMIT})"
    )
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
