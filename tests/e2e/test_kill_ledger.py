"""A gateway that is killed at random, at a WeChat with faults; bench/kill_ledger.py does more."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.ledger import Plan, open_run


@pytest.mark.slow
async def test_whatever_dies_what_is_said_to_be_published_is_published_once(
    database_url: str, tmp_path: Path
) -> None:
    quick: dict[str, Any] = {"between_kills_s": (1, 2), "lease_s": 2, "timeout_s": 0.5}
    plan = Plan(accounts=3, jobs=4, kills=2, database_url=database_url, **quick)
    async with open_run(plan, tmp_path) as (run, kills):
        outcome = await run.go()
    assert [fault for account in outcome.accounts.values() for fault in account.faults] == []
    assert kills.done == plan.kills
    assert sum(account.handed_in for account in outcome.accounts.values()) == 12
    assert any(account.states["published"] for account in outcome.accounts.values())
