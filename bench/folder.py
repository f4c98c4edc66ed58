"""A folder from an empty machine to drafts, and once more: python -m bench.folder [LATENCY_S].

100 articles with 5 pictures each, 60 of the 500 pictures repeats of others. All settings are the
defaults, so the gateway works on `jobs.per_account` articles of an account at once. An article is
three rounds of calls that wait for each other: its pictures (sent together, the cover beside
them), the draft, and reading it back. The bound is the latency of that alone, as if nothing had to
be computed: articles / per_account, rounded up, × 3 × latency.
"""

import asyncio
import json
import math
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from bench.processes import listening, started
from bench.served import KEY, served
from jobs.settings import JobsSettings
from server.settings import ServerSettings
from tests.e2e.folder import ARTICLES, make_folder, minimum_calls

JOBS, ROUNDS, BOUND = JobsSettings().per_account, 3, 1.3
READS = ("/cgi-bin/stable_token", "/cgi-bin/token", "/cgi-bin/draft/get")


async def publish(folder: Path, port: int) -> tuple[float, list[dict[str, Any]]]:
    """One run of the client, as a process of its own; its seconds and outcomes."""
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wxgate_client", "publish", str(folder), "--json"),
        env={**os.environ, "WXGATE_URL": f"http://127.0.0.1:{port}", "WXGATE_KEY": KEY},
        stdout=asyncio.subprocess.PIPE,
    )
    stdout, _ = await process.communicate()
    return time.perf_counter() - begun, json.loads(stdout)


async def calls(port: int) -> dict[str, int]:
    """Calls to WeChat so far, by path."""
    async with httpx.AsyncClient(trust_env=False) as http:
        told = (await http.get(f"http://127.0.0.1:{port}/sandbox/calls")).json()
        return dict(told["by_path"])


async def main(latency_s: float) -> bool:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name) / "posts"
        make_folder(folder)
        sandbox, _ = stack.enter_context(started("bench.sandbox", str(latency_s)))
        limit = {"server": {"control_rate_limit": ServerSettings().control_rate_limit}}
        port, _ = stack.enter_context(served(sandbox, Path(name), limit))
        await asyncio.gather(listening(sandbox), listening(port))
        first_s, outcomes = await publish(folder, port)
        first = await calls(sandbox)
        second_s, again = await publish(folder, port)
        second = await calls(sandbox)
    states = {outcome["state"] for outcome in outcomes}, {outcome["state"] for outcome in again}
    bound_s = math.ceil(ARTICLES / JOBS) * ROUNDS * latency_s
    wrote = {path: second[path] - first.get(path, 0) for path in second if path not in READS}
    print(f"latency of a call {latency_s} s, jobs at once {JOBS}, states {states}")
    for path, count in sorted(first.items()):
        print(f"  {path:<36} {count:>5}   minimum {minimum_calls().get(path, 0)}")
    print(f"first run  {first_s:6.2f} s, bound {bound_s:.2f} s, ratio {first_s / bound_s:.2f}")
    print(f"second run {second_s:6.2f} s, calls that write: {sum(wrote.values())}")
    is_least = first == minimum_calls() and not sum(wrote.values())
    return is_least and first_s <= BOUND * bound_s and states == ({"succeeded"}, {"unchanged"})


if __name__ == "__main__":
    good = asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
    sys.exit(0 if good else 1)
