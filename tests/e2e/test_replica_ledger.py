"""Three replicas, their Redis and their PostgreSQL die at random; bench/replicas.py does more."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.ledger import Plan
from tests.e2e.misfortunes import Pace
from tests.e2e.replica_ledger import ReplicaPlan, open_replica_run

# Processes start all the time here, which takes long on a machine that has much else to do.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


async def test_whatever_dies_the_replicas_do_all_once_and_count_together(tmp_path: Path) -> None:
    pace = Pace(
        between=(2, 5),
        dead=(0, 0.5),
        stopped=(4, 5),
        between_stores=(8, 12),
        redis_away=(0.2, 2),
        postgres_away=(0, 1),
    )
    at_wechat: dict[str, Any] = {"publish_s": 20, "lost_submits": 0.3}
    jobs = Plan(accounts=3, jobs=4, kills=0, lease_s=3, timeout_s=1, **at_wechat)
    async with open_replica_run(ReplicaPlan(jobs, pace=pace), tmp_path) as run:
        outcome = await run.go()
    assert outcome.faults == []
    assert {"kill", "stop", "redis", "postgres"} <= outcome.befell.keys()
    accounts = outcome.jobs.accounts.values()
    assert sum(account.handed_in for account in accounts) == 12
    assert any(account.states["published"] for account in accounts)
    assert outcome.passed.calls
    assert all(each.heard for each in outcome.tokens.values())


async def test_harm_waits_for_nothing_once_all_is_over(tmp_path: Path) -> None:
    hour = (3600.0, 3600.0)
    pace = Pace(*[hour] * len(fields(Pace)))
    jobs = Plan(accounts=1, jobs=1, kills=0, chance=0)
    async with open_replica_run(ReplicaPlan(jobs, pace=pace), tmp_path) as run:
        outcome = await run.go()
    assert outcome.befell == {"kill": 1, "stop": 1, "redis": 1, "postgres": 1}
    assert outcome.jobs.accounts["a0"].states == {"published": 1}
