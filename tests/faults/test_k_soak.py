"""What a time of work with faults leaves behind: nothing."""

import asyncio
import random
from collections import Counter
from typing import Any

from sandbox.faults import Fault, FaultKind
from tests.faults.wire import COUNT, still_serves

CALLS = 600
KINDS: tuple[FaultKind, ...] = ("errcode", "slow")  # not what opens the breaker
HEADERS = {"X-Wxgate-Account": "main", "Cache-Control": "no-store"}


def tasks() -> Counter[str]:
    """All tasks of the loop, by what they run."""
    return Counter(task.get_coro().__qualname__ for task in asyncio.all_tasks())  # type: ignore[union-attr]


async def test_184_calls_with_faults_leave_no_task_and_no_place_taken(open_stand: Any) -> None:
    quotas = {COUNT: 1_000_000}
    limits = {COUNT: "1000000/day"}
    choose = random.Random(184)
    async with open_stand({"limits": limits}, quotas=quotas) as stand:
        await still_serves(stand)

        async def call() -> int:
            if choose.random() < 0.05:
                stand.sandbox.faults.add(Fault(kind=choose.choice(KINDS), seconds=0.1))
            status: int = (await stand.http.get(COUNT, headers=HEADERS)).status_code
            return status

        async def work(count: int) -> Counter[int]:
            return Counter([await call() for _ in range(count)])

        await asyncio.gather(*(work(5) for _ in range(10)))  # what is made once is there
        before = tasks()
        for _ in range(3):
            await asyncio.gather(*(work(CALLS // 30) for _ in range(10)))
            async with asyncio.timeout(20):
                while tasks() - before:
                    await asyncio.sleep(0.05)
        assert stand.sandbox.faults.happened
        places = (await stand.http.get("/v1/stats/limits")).json()["concurrent"]
        assert {place["active"] for place in places} == {0}
        await still_serves(stand)
