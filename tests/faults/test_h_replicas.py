"""Two `wxgate serve` on the same jobs: 136 and 137."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import RedisServer
from tests.faults.on_redis import OnRedis, open_on_redis

pytestmark = pytest.mark.slow

JOBS = 12
LEASE = {"lease_s": 2, "reconcile_quiet_s": 2}


@pytest.fixture
async def on(
    request: pytest.FixtureRequest, migrated_postgres: str, tmp_path: Path
) -> AsyncIterator[OnRedis]:
    """Two replicas; the first one sleeps where the test's parameter says."""
    crash_at = str(getattr(request, "param", ""))
    with ExitStack() as stack:
        server = RedisServer(tmp_path)
        stack.callback(server.kill)
        server.start()
        async with open_on_redis(
            *(tmp_path, migrated_postgres, [server.url] * 2),
            jobs=LEASE if crash_at else None,
            first_crashes_at=crash_at,
        ) as opened:
            yield opened


async def test_136_jobs_that_fall_due_at_once_under_both_are_each_done_by_one(on: OnRedis) -> None:
    at = datetime.now(UTC) + timedelta(seconds=3)
    jobs = [await on.hand_in(number % 2, f"同时{number}", at=at) for number in range(JOBS)]
    assert [await on.ended(job) for job in jobs] == ["succeeded"] * JOBS
    assert len(on.sandbox.ledger.entries("publication")) == JOBS


@pytest.mark.parametrize(
    "on", ["submit.intent.before SIGSTOP", "submit.intent.after SIGSTOP"], indirect=True
)
async def test_137_who_sleeps_past_its_lease_just_before_it_sends_publishes_nothing_more(
    request: pytest.FixtureRequest, on: OnRedis
) -> None:
    first, second = on.replicas.each
    second.pause()  # so that the first one takes it
    job = await on.hand_in(0, "睡着")
    await _until_asleep(first.pid)
    second.resume()
    state = await on.ended(job, number=1)
    for _ in range(30):  # it stops each time it comes to that point again
        os.kill(first.pid, signal.SIGCONT)
        await asyncio.sleep(0.1)
    published = len(on.sandbox.ledger.entries("publication"))
    # An intent that was written down may have been sent: only a person can know.
    sure = "before" in request.node.callspec.params["on"]
    assert (state, published) == (("succeeded", 1) if sure else ("needs_review", 0))
    assert await on.ended(job, number=1) == state


async def _until_asleep(pid: int) -> None:
    async with asyncio.timeout(60):
        while Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(") ")[2][0] != "T":
            await asyncio.sleep(0.05)
