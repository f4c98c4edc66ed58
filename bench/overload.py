"""Ten times what the gateway can do: python -m bench.overload [SECONDS].

First the most that it answers (the peak), from so many callers as keep it busy; then ten times
that rate, offered by callers who do not wait for one another. What must hold: goodput of 80 % of
the peak, all else refused with 429 or 503 and Retry-After, sooner than calls are served; health
checks answered; memory bounded; and within 5 s after the peak again.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import uvloop

from bench.load import Stream, closing, get, ready, virtual_token
from bench.processes import listening, started
from bench.served import served

BUSY, FLOOD, TIMES = 32, 1_600, 10
PEAK_S, RECOVERY_S = 5.0, 5.0
PATH = "/cgi-bin/customservice/getonlinekflist"  # no daily quota is known of it, nor is it kept
_HEALTH = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@dataclass
class Seen:
    """What callers were answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    took_s: dict[int, list[float]] = field(default_factory=dict)
    without_retry_after: int = 0

    def note(self, status: int, took_s: float, head: bytes) -> None:
        self.statuses[status] += 1
        self.took_s.setdefault(status, []).append(took_s)
        if status in (429, 503) and b"retry-after" not in head.lower():
            self.without_retry_after += 1

    def median_ms(self, *statuses: int) -> float:
        took = [second for status in statuses for second in self.took_s.get(status, ())]
        return statistics.median(took) * 1_000 if took else 0.0


async def ask(stream: Stream, request: bytes, seen: Seen, *, since: float | None = None) -> None:
    """One call; its time counts from `since`, when it was due."""
    reader, writer = stream
    begun = time.perf_counter() if since is None else since
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    await reader.readexactly(length)
    seen.note(int(head[9:12]), time.perf_counter() - begun, head)


async def streams(port: int, count: int) -> list[Stream]:
    # From several addresses: of one, no more than a thousand are let in.
    return [
        await asyncio.open_connection("127.0.0.1", port, local_addr=(f"127.0.0.{2 + n % 4}", 0))
        for n in range(count)
    ]


async def closed_loop(port: int, request: bytes, seconds: float) -> float:
    """Calls answered with 200 in a second, by callers who wait for their answers."""
    seen, until = Seen(), time.perf_counter() + seconds

    async def caller(stream: Stream) -> None:
        while time.perf_counter() < until:
            await ask(stream, request, seen)

    with closing(await streams(port, BUSY)) as opened:
        await asyncio.gather(*map(caller, opened))
    return seen.statuses[200] / seconds


async def open_loop(port: int, request: bytes, rate: float, seconds: float) -> Seen:
    """Callers who send at `rate` a second together; who is late sends on as fast as it can."""
    seen, began = Seen(), time.perf_counter()
    each_s = FLOOD / rate

    async def caller(number: int, stream: Stream) -> None:
        due = began + each_s * number / FLOOD
        while due < began + seconds:
            if (wait_s := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait_s)
            await ask(stream, request, seen)
            due = max(due + each_s, time.perf_counter() - each_s)

    with closing(await streams(port, FLOOD)) as opened:
        await asyncio.gather(*(caller(n, stream) for n, stream in enumerate(opened)))
    return seen


async def health(port: int, seen: Seen) -> None:
    """A probe ten times a second, each on its own connection."""
    while True:
        with closing(await streams(port, 1)) as (stream,):
            await ask(stream, _HEALTH, seen)
        await asyncio.sleep(0.1)


async def measure(port: int, process: psutil.Process, seconds: float) -> int:
    request = get(PATH, await virtual_token(port)).replace(
        b"\r\n\r\n", b"\r\nAccept: application/problem+json\r\n\r\n"
    )
    await closed_loop(port, request, 1)
    peak, memory = await closed_loop(port, request, PEAK_S), process.memory_info().rss
    probes = Seen()
    probing = asyncio.ensure_future(health(port, probes))
    seen = await open_loop(port, request, peak * TIMES, seconds)
    probing.cancel()
    with suppress(asyncio.CancelledError):
        await probing
    grown = process.memory_info().rss / memory
    after = await closed_loop(port, request, RECOVERY_S)
    return report(peak, seen, probes, seconds=seconds, grown=grown, after=after)


def report(
    peak: float, seen: Seen, probes: Seen, *, seconds: float, grown: float, after: float
) -> int:
    refused = seen.statuses[429] + seen.statuses[503]
    goodput = seen.statuses[200] / seconds / peak
    offered = seen.statuses.total() / seconds / peak
    served_ms, refused_ms = seen.median_ms(200), seen.median_ms(429, 503)
    print(
        f"offered {offered:.1f} × the peak: goodput {goodput:.2f} (at least 0.8), "
        f"{refused / seen.statuses.total():.0%} refused, in {refused_ms / served_ms:.2f} of the "
        f"time that a call takes; answers {dict(seen.statuses)}, without Retry-After "
        f"{seen.without_retry_after}; probes {dict(probes.statuses)}; RSS × {grown:.2f}; "
        f"afterwards {after / peak:.2f} of the peak"
    )
    only = {200, 429, 503} >= set(seen.statuses) and not seen.without_retry_after
    alive = set(probes.statuses) == {200}
    return 0 if goodput >= 0.8 and only and alive and grown <= 2 and after >= peak * 0.8 else 1


async def main(seconds: float) -> int:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        sink, _ = stack.enter_context(started("bench.sink"))
        port, process = stack.enter_context(served(sink, Path(name)))
        await asyncio.gather(listening(sink), listening(port))
        await ready(port)
        return await measure(port, process, seconds)


if __name__ == "__main__":
    sys.exit(uvloop.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60)))
