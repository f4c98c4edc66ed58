"""What the relay's features cost: python -m bench.relay.

CPU per request of a whole `wxgate serve` (host check, access line, metrics, routing, virtual token,
quota ledger, errcode) against a bare aiohttp pass-through, both under uvicorn, rounds interleaved.
Only the ratios mean anything on another machine. The limits follow from the measured table that the
budget rests on: 18 × nginx for GET and 13 × for POST, against 6.3 × and 7.1 × for the bare one.
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
LIMITS = {"GET 300 B": 18 / 6.3, "POST 20 KB": 13 / 7.1}


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
        relay_port, relay = stack.enter_context(
            served(sink, Path(name), logging, stderr=subprocess.DEVNULL)
        )
        bare_port, bare = stack.enter_context(started("bench.passthrough", url))
        await asyncio.gather(*(listening(port) for port in (sink, relay_port, bare_port)))
        token = await virtual_token(relay_port)
        body = b'{"offset":0,"count":20,"x":"' + b"y" * 20_000 + b'"}'
        requests = {
            "GET 300 B": get("/cgi-bin/draft/count", token),
            "POST 20 KB": post("/cgi-bin/draft/batchget", token, body, "application/json"),
        }
        good = True
        for kind, request in requests.items():
            costs: dict[str, list[float]] = {"relay": [], "bare": []}
            for _ in range(ROUNDS):
                costs["bare"].append(await cost_us(bare_port, bare, request))
                costs["relay"].append(await cost_us(relay_port, relay, request))
            ratios = [ours / theirs for ours, theirs in zip(*costs.values(), strict=True)]
            ratio = statistics.median(ratios)
            good = good and ratio <= LIMITS[kind]
            print(
                f"{kind}: bare {statistics.median(costs['bare']):.0f} µs, relay "
                f"{statistics.median(costs['relay']):.0f} µs, ratio {ratio:.2f} "
                f"[{min(ratios):.2f}..{max(ratios):.2f}], limit {LIMITS[kind]:.2f}"
            )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
