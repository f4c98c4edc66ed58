"""What the relay's features cost: python -m bench.relay.

CPU per request of a whole `wxgate serve` (host check, access line, metrics, routing, virtual token,
quota ledger, errcode) against a bare aiohttp pass-through, both under uvicorn, rounds interleaved.
Only the ratios mean anything on another machine.

The budget is 18 × nginx for a GET and 13 × for a POST. In the measured table that it rests on,
nginx took 19 and 26 µs where the bare pass-through took 118 for a GET: hence limits in its GETs.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import uvloop

from bench.load import Stream, closing, exchange, get, post, virtual_token
from bench.processes import cpu_s, listening, started
from bench.served import served

CONNECTIONS, REQUESTS, ROUNDS = 32, 6_000, 5
LIMITS = {"GET 300 B": 18 * 19 / 118, "POST 20 KB": 13 * 26 / 118}  # in bare GETs


async def worker(stream: Stream, request: bytes, count: int) -> None:
    for _ in range(count):
        await exchange(stream, request)


async def cost_us(port: int, process: psutil.Process, request: bytes) -> float:
    """CPU of `process` per request."""
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    each = REQUESTS // CONNECTIONS
    with closing(streams):
        await asyncio.gather(*(worker(stream, request, 20) for stream in streams))
        before = cpu_s(process)
        await asyncio.gather(*(worker(stream, request, each) for stream in streams))
        return (cpu_s(process) - before) / (each * CONNECTIONS) * 1e6


async def main() -> int:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        sink, _ = stack.enter_context(started("bench.sink"))
        url = f"http://127.0.0.1:{sink}"
        logging = {"log": {"level": "info", "format": "json"}}
        relay = stack.enter_context(served(sink, Path(name), logging, stderr=subprocess.DEVNULL))
        bare = stack.enter_context(started("bench.passthrough", url))
        fronts = {"bare": bare, "relay": relay}
        await asyncio.gather(*(listening(port) for port in (sink, relay[0], bare[0])))
        token = await virtual_token(relay[0])
        body = b'{"offset":0,"count":20,"x":"' + b"y" * 20_000 + b'"}'
        requests = {
            "GET 300 B": get("/cgi-bin/draft/count", token),
            "POST 20 KB": post("/cgi-bin/draft/batchget", token, body, "application/json"),
        }
        costs: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for kind, request in requests.items():
                for front, (port, process) in fronts.items():
                    cost = await cost_us(port, process, request)
                    costs.setdefault(f"{front} {kind}", []).append(cost)
    median = {name: statistics.median(values) for name, values in costs.items()}
    good = True
    for kind, limit in LIMITS.items():
        ours, bare_us = median[f"relay {kind}"], median[f"bare {kind}"]
        in_gets = ours / median["bare GET 300 B"]
        good = good and in_gets <= limit
        print(
            f"{kind}: bare {bare_us:.0f} µs, relay {ours:.0f} µs = {ours / bare_us:.2f} × bare, "
            f"{in_gets:.2f} bare GETs (limit {limit:.2f})"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
