"""Who says what was published, with replicas that die and stores that go away.

python -m bench.replicas [ACCOUNTS JOBS]

20 accounts × 50 articles at a sandbox that takes 20 s to publish each, with 5 % each of
reset-after-commit, stall, -1 and 45009, and 10 % more of reset-after-commit at freepublish/submit;
three `wxgate serve` on one PostgreSQL and one Redis under Sentinels, all real, behind a balancer.
Replicas are killed (`kill -9`) and started again, or stopped (SIGSTOP) for longer than their
leases; Redis' master is killed and replaced, or all of Redis, which comes back empty; PostgreSQL
crashes and comes back; each at least once, and on until the last job is over. Meanwhile a client
calls more often than its 50/minute, by turns through all of them. All settings are the product's
own but `upstream.timeout_s = 2` and `jobs.lease_s = 10`. Times in which nobody has anything to do,
such as those between two looks at a publication, are jumped over by all clocks
(tests/e2e/ahead.py). Ends with status 1 unless each job that says published was published exactly
once and every other one says why not, WeChat was asked for a token once a life, and the limit held.
"""

import asyncio
import itertools
import sys
import tempfile
import time
from pathlib import Path

from bench.kill_ledger import tell
from core.logging import LogSettings, setup_logging
from tests.e2e.ledger import Plan
from tests.e2e.replica_ledger import ReplicaOutcome, ReplicaPlan, ReplicaRun, open_replica_run
from tests.e2e.token_lives import TokenCalls


async def main(accounts: int, jobs: int) -> int:
    setup_logging(LogSettings(level="error"))
    wanted = Plan(
        *(accounts, jobs), kills=0, lost_submits=0.1, publish_s=20, lease_s=10, timeout_s=2
    )
    plan = ReplicaPlan(wanted, sentinels=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        async with open_replica_run(plan, Path(name)) as run, asyncio.TaskGroup() as tasks:
            progress = tasks.create_task(tell_progress(run))
            outcome = await run.go()
            progress.cancel()
    tell(outcome.jobs, time.monotonic() - began)
    tell_tokens(outcome)
    passed = outcome.passed
    print(f"a client's {plan.calls_a_minute}/minute through {plan.replicas} replicas: "
          f"{passed.calls} calls let through, {passed.refused} refused; "
          f"most in a minute: {passed.together}; "
          f"{passed.apart} in one in which Redis was away or came back empty; "
          f"{passed.alone} in one in which PostgreSQL was away as well; "
          f"over what is documented: {max(0, passed.over)}")  # fmt: skip
    print(f"befell: {dict(sorted(outcome.befell.items()))}; kills and stops while WeChat was "
          f"publishing: {outcome.amid}")  # fmt: skip
    print("faults:", outcome.faults or 0)
    return 1 if outcome.faults else 0


async def tell_progress(run: ReplicaRun) -> None:
    for minute in itertools.count(1):
        await asyncio.sleep(60)
        print(f"{minute} min: {await run.progress()}", flush=True)


def tell_tokens(outcome: ReplicaOutcome) -> None:
    every = sum(outcome.tokens.values(), TokenCalls())
    most = max(each.heard - each.lives for each in outcome.tokens.values())
    print(f"tokens: {every.lives} lives, {every.heard} calls answered, {every.spoilt} more whose "
          f"answer a fault spoilt; beyond one a life, by cause: {dict(every.again) or 'none'}; "
          f"most of one account: {most}")  # fmt: skip


if __name__ == "__main__":
    sizes = [int(argument) for argument in sys.argv[1:] if argument.isdecimal()] or [20, 50]
    sys.exit(asyncio.run(main(*sizes)))
