"""How quick publishing is: python -m bench.publishing.

A real `wxgate serve` on SQLite and on PostgreSQL, 50 callers that each make a call a second; what
they wait for handing an article in, and for looking at jobs, listing and cancelling them. Then 200
jobs that fall due within a minute: how late WeChat sees each. Then jobs that fell due while the
gateway was down: how soon after its start the first reaches WeChat. Status 1 if a bound is missed.
"""

import asyncio
import random
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.postgres import postgres
from content.fields import DraftFields
from core.logging import LogSettings, setup_logging
from jobs.submission import Submission
from store import jobs as job_rows
from tests.e2e.ledger import Kills, Plan, Run, authorized, open_run

CALLERS, ROUNDS, PACE_S = 50, 6, 1.0
DUE, DUE_WITHIN_S = 200, 60
OVERDUE = 20
ENQUEUE_P95_MS, CONTROL_P95_MS, LATE_P99_S, RESUMED_S, READY_S = 100, 200, 5, 60, 5


def main() -> int:
    setup_logging(LogSettings(level="error"))
    held = True
    for name, opened in (("sqlite", no_server), ("postgresql", postgres)):
        with opened() as url, tempfile.TemporaryDirectory() as directory:
            held &= asyncio.run(measure(name, Plan(20, 0, 0, database_url=url), Path(directory)))
    return 0 if held else 1


@contextmanager
def no_server() -> Iterator[str]:
    yield ""


async def measure(name: str, plan: Plan, directory: Path) -> bool:
    async with open_run(plan, directory) as (run, kills):
        await kills.gateway.start()
        job_ids: list[tuple[str, str]] = []
        enqueue = await callers(lambda caller: hand_in(run, caller, job_ids))
        control = await callers(lambda caller: look(run, job_ids, caller))
        cancel = await callers(lambda _: cancel_one(run, job_ids), rounds=2)
        late = await lateness(run)
        await kills.gateway.end(signal.SIGKILL)
        resumed_s = await resumption(run, kills)
        ready_s = max(kills.gateway.ready_s)
    return all(
        [
            tell(name, "enqueue, p95", quantile(enqueue, 0.95) * 1_000, ENQUEUE_P95_MS, "ms"),
            tell(name, "job and list, p95", quantile(control, 0.95) * 1_000, CONTROL_P95_MS, "ms"),
            tell(name, "cancel, p95", quantile(cancel, 0.95) * 1_000, CONTROL_P95_MS, "ms"),
            tell(name, "begun late, p99", quantile(late, 0.99), LATE_P99_S, "s"),
            tell(name, "begun early, most", max(0.0, -min(late)), 0, "s"),
            tell(name, "overdue work resumed", resumed_s, RESUMED_S, "s"),
            tell(name, "ready after a start", ready_s, READY_S, "s"),
        ]
    )


def tell(store: str, what: str, value: float, bound: float, unit: str) -> bool:
    held = value <= bound
    verdict = "" if held else "  MISSED"
    print(f"{store:10} {what:22} {value:8.1f} {unit:2} (bound {bound:g}){verdict}", flush=True)
    return held


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def callers(call: Callable[[int], Awaitable[float]], *, rounds: int = ROUNDS) -> list[float]:
    """How long each call took; a caller begins anywhere in the second."""

    async def caller(number: int) -> list[float]:
        took = []
        await asyncio.sleep(random.uniform(0, PACE_S))
        for _ in range(rounds):
            took.append(await call(number))
            await asyncio.sleep(max(0.0, PACE_S - took[-1]))
        return took

    return [s for took in await asyncio.gather(*map(caller, range(CALLERS))) for s in took]


async def hand_in(run: Run, caller: int, made: list[tuple[str, str]]) -> float:
    account = f"a{caller % 20}"
    in_an_hour = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3_600))
    article = {"title": f"{caller}", "markdown": "正文。" * 2_000, "publish_at": in_an_hour}
    path = f"/v1/accounts/{account}/articles"
    began = time.perf_counter()
    answer = await run.http.post(path, json=article, headers=authorized(account))
    took = time.perf_counter() - began
    assert answer.status_code == 202, answer.text
    made.append((account, answer.json()["id"]))
    return took


async def look(run: Run, made: list[tuple[str, str]], caller: int) -> float:
    account, job_id = random.choice(made)
    path = f"/v1/jobs/{job_id}" if caller % 2 else "/v1/jobs?limit=50"
    began = time.perf_counter()
    answer = await run.http.get(path, headers=authorized(account))
    took = time.perf_counter() - began
    assert answer.status_code == 200, answer.text
    return took


async def cancel_one(run: Run, made: list[tuple[str, str]]) -> float:
    account, job_id = made.pop()
    began = time.perf_counter()
    answer = await run.http.post(f"/v1/jobs/{job_id}/cancel", headers=authorized(account))
    took = time.perf_counter() - began
    assert answer.status_code in (200, 202), answer.text
    return took


async def insert(run: Run, dues: list[float], name: str) -> dict[str, float]:
    """Jobs with those times, past the limit of calls; title → time."""
    due: dict[str, float] = {}
    async with run.database.write() as connection:
        for number, at in enumerate(dues):
            account, title = f"a{number % 20}", f"{name} {number}"
            fields = DraftFields(title=title, markdown=f"{title}。")
            article = Submission(client_id=account, account=account, fields=fields, publish_at=at)
            await job_rows.insert(connection, article.row(min(at, time.time())))
            due[title] = at
    return due


async def lateness(run: Run) -> list[float]:
    first = time.time() + 3
    spread = [first + DUE_WITHIN_S * number / DUE for number in range(DUE)]
    due = await insert(run, spread, "到点")
    await asyncio.sleep(DUE_WITHIN_S + 3)
    seen = await drafts(run, due, DUE)
    return [seen[title] - at for title, at in due.items()]


async def resumption(run: Run, kills: Kills) -> float:
    due = await insert(run, [time.time() - 1_000 + number for number in range(OVERDUE)], "过期")
    began = time.time()
    await kills.gateway.start()
    return min((await drafts(run, due, 1)).values()) - began


async def drafts(run: Run, due: dict[str, float], wanted: int) -> dict[str, float]:
    """When WeChat got the draft of each of those jobs, once so many are there."""
    async with asyncio.timeout(120):
        while True:
            entries = run.sandbox.ledger.entries("draft")
            seen = {e.data["titles"][0]: e.at for e in entries if e.data["titles"][0] in due}
            if len(seen) >= wanted:
                return seen
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
