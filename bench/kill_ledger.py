"""Who says what was published, after kills and faults: python -m bench.kill_ledger [ACCOUNTS JOBS].

20 accounts × 50 articles under WeChat's own daily quotas, at a sandbox with 5 % each of
reset-after-commit, stall, -1 and 45009, while the gateway is killed (`kill -9`) and started again
at random. All settings are the product's own but `upstream.timeout_s = 1`. Hours in which nobody
has anything to do are jumped over by both clocks (tests/e2e/ahead.py). Ends with status 1 unless
each job that says published was published exactly once and every other one says why not.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from core.logging import LogSettings, setup_logging
from tests.e2e.ledger import Account, Outcome, Plan, open_run

KILLS = 40


async def main(accounts: int, jobs: int) -> int:
    setup_logging(LogSettings(level="error"))
    plan = Plan(accounts=accounts, jobs=jobs, kills=KILLS, between_kills_s=(3, 20))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        async with open_run(plan, Path(name)) as run:
            outcome = await run.go()
    tell(outcome, time.monotonic() - began)
    return 1 if any(account.faults for account in outcome.accounts.values()) else 0


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
    ready = sorted(outcome.ready_s)
    print(f"faults at WeChat: {dict(outcome.faults)}")
    print(f"{outcome.kills} kills, {outcome.jumps} jumps of time, {took_s:.0f} s; ready after "
          f"{ready[len(ready) // 2]:.1f} s (median), {ready[-1]:.1f} s (longest)")  # fmt: skip


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
    sizes = [int(argument) for argument in sys.argv[1:3]] or [20, 50]
    sys.exit(asyncio.run(main(*sizes)))
