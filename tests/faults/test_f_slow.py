"""WeChat is slow for one account's calls."""

import asyncio
from pathlib import Path

from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from tests.faults.upstreams import BATCHGET, COUNT, front


async def test_113_a_slow_endpoint_holds_up_nobody_else(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, sandbox.url, timeout_s=30) as gate:
        for account in ("main", "personal"):
            await gate.ask(COUNT, account=account)
        sandbox.faults.add(Fault(kind="slow", seconds=3, path=BATCHGET, count=100))
        page = {"offset": 0, "count": 1}
        slow = asyncio.gather(*(gate.ask(BATCHGET, page) for _ in range(100)))
        while sandbox.faults.happened["slow", BATCHGET] < 100:
            await asyncio.sleep(0.01)
        for _ in range(20):
            answer = await gate.ask(COUNT, account="personal")
            assert answer.json() == {"total_count": 0}
        assert not slow.done()
        assert {answer.status_code for answer in await slow} == {200}
