"""What limits admit, and whether Redis holds them up: python -m bench.limits.

Two processes share a limit through a real Redis. By brute force over all windows: the most calls
that both admitted from first to last within one, over the limit; at most 1. Then Redis stands still
for 300 ms, again and again: the longest time for which a process's event loop stood still, at most
20 ms, beside the same without.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import uvloop
from pydantic import SecretStr

from cache.connecting import open_redis
from cache.keys import Keys
from cache.nodes import SingleNode
from cache.rates import parse_rates
from cache.redis import RedisLink
from cache.settings import RedisSettings
from cache.shared_windows import SharedWindows
from cache.windows import MemoryWindows, Rule, window_key
from core.logging import LogSettings, setup_logging
from tests.conftest import RedisServer

LIMIT, WINDOW_S, SECONDS = 50, 1.0, 10.0
CALLERS, PROCESSES = 8, 2
STALL_S, LOOP_LIMIT_MS = 0.3, 20.0
_judged_at: ContextVar[float] = ContextVar("judged_at")


def clock() -> float:
    now = time.time()
    _judged_at.set(now)
    return now


async def child(url: str) -> None:
    """Hit the limit for SECONDS; print when calls were admitted, and the loop's longest gap."""
    setup_logging(LogSettings(level="error"))
    link = RedisLink(SingleNode(open_redis(RedisSettings(url=SecretStr(url)))))
    admitted: list[tuple[float, float]] = []
    gap_ms = 0.0
    rules = [
        Rule(window_key("bench"), rate)
        for rate in parse_rates(f"{LIMIT} per {WINDOW_S:.0f} second")
    ]
    ends = time.monotonic() + SECONDS

    async def call(windows: SharedWindows) -> None:
        while time.monotonic() < ends:
            if not (await windows.hit(rules)).wait_s:
                admitted.append((_judged_at.get(), time.time()))
            await asyncio.sleep(0.004)

    async def beat() -> None:
        nonlocal gap_ms
        while time.monotonic() < ends:
            began = time.monotonic()
            await asyncio.sleep(0.001)
            gap_ms = max(gap_ms, (time.monotonic() - began - 0.001) * 1_000)

    async with SharedWindows(link, Keys("bench"), MemoryWindows(), clock=clock) as windows:
        await windows.hit(rules)  # connects
        await asyncio.gather(beat(), *(call(windows) for _ in range(CALLERS)))
    print(json.dumps({"admitted": admitted, "gap_ms": gap_ms}), flush=True)


async def flood(redis: RedisServer, *, stalled: bool) -> tuple[int, float]:
    """The most that was admitted in any window, and the longest gap of both loops."""
    children = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.limits", redis.url), stdout=asyncio.subprocess.PIPE
        )
        for _ in range(PROCESSES)
    ]
    answers = asyncio.gather(*(process.communicate() for process in children))
    if stalled:
        await stall(redis, answers)
    told = [json.loads(stdout) for stdout, _ in await answers]
    spans = [tuple(span) for one in told for span in one["admitted"]]
    return most_within(spans), max(one["gap_ms"] for one in told)


def most_within(spans: "list[tuple[float, float]]") -> int:
    """The most calls that were both asked and answered within one window, by brute force."""
    return max(
        sum(1 for asked, answered in spans if begin <= asked and answered < begin + WINDOW_S)
        for begin, _ in spans
    )


async def stall(redis: RedisServer, until: "asyncio.Future[Any]") -> None:
    assert redis.process is not None
    while not until.done():
        os.kill(redis.process.pid, signal.SIGSTOP)
        await asyncio.sleep(STALL_S)
        os.kill(redis.process.pid, signal.SIGCONT)
        await asyncio.wait([until], timeout=1)


async def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        redis = RedisServer(Path(name))
        redis.start()
        try:
            most, gap_ms = await flood(redis, stalled=False)
            most_stalled, gap_stalled_ms = await flood(redis, stalled=True)
        finally:
            with contextlib.suppress(ProcessLookupError):
                redis.kill()
    print(f"admitted in any window: {most} of {LIMIT} = {most / LIMIT:.2f} (limit 1)")
    print(f"with Redis standing still for {STALL_S * 1000:.0f} ms again and again: {most_stalled}")
    print(
        f"longest gap of an event loop: {gap_ms:.1f} ms; with Redis standing still "
        f"{gap_stalled_ms:.1f} ms (limit {LOOP_LIMIT_MS:.0f})"
    )
    return 0 if most <= LIMIT and gap_stalled_ms <= LOOP_LIMIT_MS else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        uvloop.run(child(sys.argv[1]))
    else:
        sys.exit(uvloop.run(main()))
