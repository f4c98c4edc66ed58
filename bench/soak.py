"""A long run with 1 % faults: python -m bench.soak [SECONDS], ten minutes by default.

Callers read, post and upload through a real `wxgate serve`; of a hundred answers of the sandbox
one is wrong, broken or late. What must hold: in the second half the gateway's memory grows by
less than 1 MB a minute, and when all have gone it holds as many files and threads as before.
"""

import asyncio
import contextlib
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import uvloop

from bench.load import ready
from bench.processes import listening
from bench.served import KEY, served
from sandbox.faults import Fault, FaultKind
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from wechat.limits import DAILY_QUOTAS

CALLERS, PAUSE_S, EVERY_S, LIMIT_MB_A_MINUTE = 8, 0.01, 1.0, 1.0
COUNT, BATCH, UPLOAD = (
    f"/cgi-bin/{path}" for path in ("draft/count", "draft/batchget", "media/uploadimg")
)
KINDS: tuple[FaultKind, ...] = (
    *("errcode", "html502", "reset_before_read", "reset_after_commit", "slow"),
)
# Each call asks WeChat: what is kept is no load.
HEADERS = {"Authorization": f"Bearer {KEY}", "Cache-Control": "no-store"}
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(50_000)


async def caller(
    http: httpx.AsyncClient, sandbox: RunningSandbox, seen: Counter[int], number: int
) -> None:
    choose = random.Random(number)
    while True:
        if choose.random() < 0.01:
            sandbox.faults.add(Fault(kind=choose.choice(KINDS), seconds=0.2))
        kind = choose.randrange(3)
        if kind == 0:
            answer = await http.get(COUNT)
        elif kind == 1:
            answer = await http.post(BATCH, json={"offset": 0, "count": 1, "no_content": 1})
        else:
            answer = await http.post(UPLOAD, files={"media": ("a.png", PICTURE, "image/png")})
        seen[answer.status_code] += 1
        await asyncio.sleep(PAUSE_S)


def rss_mb(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6


async def settled(process: psutil.Process) -> tuple[int, int]:
    """Files and threads, once nothing changes any more."""
    held = (-1, -1)
    for _ in range(60):
        await asyncio.sleep(2)
        now = (process.num_fds(), process.num_threads())
        if now == held:
            break
        held = now
    return held


async def measure(
    url: str, process: psutil.Process, sandbox: RunningSandbox, seconds: float
) -> int:
    seen: Counter[int] = Counter()
    memory: list[tuple[float, float]] = []
    async with httpx.AsyncClient(base_url=url, headers=HEADERS, trust_env=False) as http:
        for _ in range(20):  # connections, worker threads
            await asyncio.gather(*(http.get(COUNT) for _ in range(CALLERS)))
        before, began = await settled(process), time.monotonic()
        callers = [asyncio.ensure_future(caller(http, sandbox, seen, n)) for n in range(CALLERS)]
        while time.monotonic() < began + seconds:
            await asyncio.sleep(EVERY_S)
            memory.append(((time.monotonic() - began) / 60, rss_mb(process)))
            for one in callers:
                if one.done():
                    one.result()
        for one in callers:
            one.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*callers)
        after = await settled(process)
    half = memory[len(memory) // 2 :]
    slope = statistics.linear_regression(*zip(*half, strict=True)).slope
    print(
        f"{seen.total()} calls in {seconds:.0f} s, {len(sandbox.faults.happened)} faults, answers "
        f"{dict(seen)}; RSS {memory[0][1]:.0f} → {memory[-1][1]:.0f} MB, in the second half "
        f"{slope:+.2f} MB a minute (limit {LIMIT_MB_A_MINUTE}); files and threads "
        f"{before} → {after}"
    )
    flat = after[0] <= before[0] and after[1] <= before[1]
    return 0 if slope <= LIMIT_MB_A_MINUTE and flat else 1


async def main(seconds: float) -> int:
    quotas = dict.fromkeys(DAILY_QUOTAS, 10**9)
    with tempfile.TemporaryDirectory() as name:
        async with run_sandbox(SandboxSettings(quotas=quotas)) as sandbox:
            with served(sandbox.port, Path(name)) as (port, process):
                await listening(port)
                await ready(port)
                return await measure(f"http://127.0.0.1:{port}", process, sandbox, seconds)


if __name__ == "__main__":
    sys.exit(uvloop.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 600)))
