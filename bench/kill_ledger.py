"""Who says what was published, after kills and faults.

python -m bench.kill_ledger [ACCOUNTS JOBS] [--postgres]

20 accounts × 50 articles under WeChat's own daily quotas, at a sandbox with 5 % each of
reset-after-commit, stall, -1 and 45009, while the gateway is killed (`kill -9`) and started again
at random; on SQLite, or on a PostgreSQL of its own. All settings are the product's own but
`upstream.timeout_s = 1`. Hours in which nobody has anything to do are jumped over by both clocks
(tests/e2e/ahead.py). Each minute it says how far it is. Ends with status 1 unless each job that
says published was published exactly once and every other one says why not.
"""

import asyncio
import itertools
import sys
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

from bench.postgres import postgres
from core.logging import LogSettings, setup_logging
from tests.e2e.ledger import Account, Outcome, Plan, Run, open_run

JOBS_A_KILL = 25


async def main(accounts: int, jobs: int, database_url: str) -> int:
    setup_logging(LogSettings(level="error"))
    plan = Plan(
        accounts=accounts,
        jobs=jobs,
        kills=accounts * jobs // JOBS_A_KILL,
        between_kills_s=(3, 20),
        database_url=database_url,
    )
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        async with open_run(plan, Path(name)) as (run, kills), asyncio.TaskGroup() as tasks:
            progress = tasks.create_task(tell_progress(run))
            outcome = await run.go()
            progress.cancel()
    tell(outcome, time.monotonic() - began)
    ready = sorted(kills.gateway.ready_s)
    print(f"{kills.done} kills; ready after {ready[len(ready) // 2]:.1f} s (median), "
          f"{ready[-1]:.1f} s (longest)")  # fmt: skip
    return 1 if any(account.faults for account in outcome.accounts.values()) else 0


async def tell_progress(run: Run) -> None:
    for minute in itertools.count(1):
        await asyncio.sleep(60)
        print(f"{minute} min: {await run.progress()}", flush=True)


def tell(outcome: Outcome, took_s: float) -> None:
    print(f"{'account':8} {'jobs':>5} {'published':>9} {'in ledger':>9} {'doubles':>7} {'lost':>5}"
          f" {'failed':>6} {'review':>6} {'faults':>6}")  # fmt: skip
    every = Account()
    for name, account in outcome.accounts.items():
        print(_line(name, account))
        _add(every, account)
    print(_line("all", every))
    print("not published:", dict(every.reasons) or "none")
    for what in ("doubled", "invented", "denied", "lost", "unexplained"):
        print(f"{what}: {getattr(every, what) or 0}")
    print(f"faults at WeChat: {dict(outcome.faults)}; answers to a submit lost: "
          f"{outcome.lost_submits}")  # fmt: skip
    print(f"{outcome.jumps} jumps of time, {took_s:.0f} s")


def _line(name: str, account: Account) -> str:
    states: Counter[str] = account.states
    return (
        f"{name:8} {account.handed_in:5} {states['published']:9} {account.publications:9} "
        f"{len(account.doubled):7} {len(account.lost):5} {states['failed']:6} "
        f"{states['needs_review']:6} {len(account.faults):6}"
    )


def _add(every: Account, account: Account) -> None:
    every.handed_in += account.handed_in
    every.publications += account.publications
    every.states += account.states
    every.reasons += account.reasons
    for what in ("doubled", "invented", "denied", "lost", "unexplained"):
        getattr(every, what).extend(getattr(account, what))


if __name__ == "__main__":
    sizes = [int(argument) for argument in sys.argv[1:] if argument.isdecimal()] or [20, 50]
    how_many_accounts, jobs_of_each = sizes
    with postgres() if "--postgres" in sys.argv else nullcontext("") as url:
        sys.exit(asyncio.run(main(how_many_accounts, jobs_of_each, url)))
