"""Faults 136, 137, 144, 148 and 149: the engine, its leases, its retries and its patience."""

import asyncio
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.crash import no_crash
from core.metrics import Metrics
from jobs.changes import Changes
from jobs.claim import Claim, Outcome
from jobs.context import JobsContext
from jobs.engine import Engine
from jobs.executor import Executor
from jobs.failures import Failures
from jobs.settings import JobsSettings
from jobs.states import State
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from sandbox.world import Outcome as Fate
from store import jobs
from store.engine import Database
from tests.conftest import free_port
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import Served, serve, write_toml
from tests.forked import Forked
from tests.jobs.callers import caller
from tests.jobs.crash_child import work_on
from tests.jobs.journals import journal_of
from tests.jobs.rig import SUBMIT, open_rig, open_work
from tests.store.rows import job_row
from wechat.call import NotSent

GET = "/cgi-bin/freepublish/get"
JOBS, PROCESSES = 2_000, 4


@pytest.mark.slow
async def test_136_four_processes_claim_two_thousand_jobs_each_once(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    async with database.write() as connection:
        for number in range(JOBS):
            row = job_row(f"job_{number:04}", account=f"a{number % 7}", run_at=number / 10)
            await jobs.insert(connection, row)
    command = (sys.executable, "-m", "tests.jobs.claim_child", database_url, str(tmp_path))
    children = [
        await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        for _ in range(PROCESSES)
    ]
    told = [(await child.communicate())[0].decode().splitlines() for child in children]
    assert [child.returncode for child in children] == [0] * PROCESSES
    claims = Counter(line for lines in told for line in lines)
    assert claims == Counter(f"job_{number:04} 1" for number in range(JOBS))


async def _paused(pid: int) -> None:
    async with asyncio.timeout(60):
        while not _stat(pid).startswith("T"):
            await asyncio.sleep(0.05)


async def _goes_on(process: Forked) -> int:
    """Its status at the end; it stops each time it comes to that point again."""
    async with asyncio.timeout(60):
        while (code := process.returncode) is None:
            process.send_signal(signal.SIGCONT)
            await asyncio.sleep(0.2)
        return code


def _stat(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(") ")[2]


@pytest.mark.slow
@pytest.mark.parametrize("point", ["submit.intent.before", "submit.intent.after"])
async def test_137_paused_for_longer_than_the_lease_just_before_it_sends(
    database: Database,
    database_url: str,
    sandbox_at_once: RunningSandbox,
    tmp_path: Path,
    point: str,
) -> None:
    sandbox = sandbox_at_once
    async with open_work(database, sandbox.url, tmp_path) as work:
        row = await work.submit()

        def start(*crash: str) -> Forked:
            given = database_url, tmp_path, sandbox.url, 0, row.id
            return Forked(work_on, *given, *crash, stderr=Path(os.devnull))

        first = start(point, "SIGSTOP")
        await _paused(first.pid)
        second = start()
        status = await asyncio.wait_for(second.wait(), 60)
        # SQLite has one process at a time: there the second one is refused, whoever sleeps.
        assert (status == 0) is not database.is_sqlite
        if database.is_sqlite:
            await asyncio.sleep(2.1)  # longer than the lease
        assert await _goes_on(first) == 0
        row = await work.get(row.id)
    published = len(sandbox.ledger.entries("publication"))
    # An intent that was written down may have been sent: only a person can know.
    sure = point == "submit.intent.before"
    assert (row.state, published) == ((State.SUCCEEDED, 1) if sure else (State.NEEDS_REVIEW, 0))


@pytest.fixture
async def sandbox_at_once() -> Any:
    async with run_sandbox(SandboxSettings(publish_s=0.2)) as running:
        yield running


def _config(
    sandbox: RunningSandbox, tmp_path: Path, database_url: str, **settings: Any
) -> tuple[Path, str]:
    config = configuration(sandbox, tmp_path, free_port())
    config["jobs"] = {
        "lease_s": 2,
        "reconcile_quiet_s": 2,
        "first_poll_s": [0.6, 1, 2, 5],
        "concurrency": 1,
        **settings,
    }
    if database_url:
        config["database"] = {"url": database_url}
    write_toml(path := tmp_path / "config.toml", config)
    return path, config["server"]["public_url"]


async def _submit(served: Served, text: str) -> str:
    article = {"markdown": f"# {text}\n\n正文", "action": "publish"}
    answer = await served.http.post("/v1/accounts/main/articles", json=article)
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["id"]
    return job_id


@pytest.mark.slow
@pytest.mark.parametrize(("grace_s", "recorded"), [(20, True), (0.2, False)])
async def test_144_sigterm_while_a_submit_is_under_way(
    database: Database,
    database_url: str,
    sandbox_at_once: RunningSandbox,
    tmp_path: Path,
    grace_s: float,
    *,
    recorded: bool,
) -> None:
    sandbox = sandbox_at_once
    sandbox.faults.add(_late(1.5))
    config, url = _config(sandbox, tmp_path, database_url, grace_s=grace_s)
    async with serve(config, url, KEY) as served:
        sent, waits = [await _submit(served, text) for text in ("正在发送", "还没轮到")]
        async with asyncio.timeout(60):
            while not sandbox.ledger.entries("publication"):
                await asyncio.sleep(0.05)
        served.process.send_signal(signal.SIGTERM)
        assert await served.gone() == 0
    async with database.read() as connection:
        rows = [await jobs.get(connection, job_id) for job_id in (sent, waits)]
    first, second = rows
    assert first is not None
    assert second is not None
    # The answer was waited for, or what came of it is to be found out by the next process.
    assert ("publish_id" in first.checkpoint) is recorded
    assert (second.lease_owner, second.attempts) == (None, 0)
    async with serve(config, url, KEY) as served:
        states = [(await served.ended(job_id))["state"] for job_id in (sent, waits)]
    assert states == ["succeeded", "succeeded"]
    assert len(sandbox.ledger.entries("publication")) == 2


def _late(seconds: float) -> Any:
    from sandbox.faults import Fault

    return Fault(kind="slow", path=SUBMIT, seconds=seconds)


class _Outage:
    """What a job meets while WeChat is away, and when it tried."""

    def __init__(self, database: Database, settings: JobsSettings) -> None:
        self.now = 1_000.0
        self.away = True
        self.tries: list[tuple[str, float]] = []
        context = JobsContext(
            *(database, settings, Executor(alone=True), Changes(), journal_of(database), caller),
            *(Metrics(), lambda: self.now, no_crash),
        )
        self._failures = Failures(settings, clock=lambda: self.now)
        self.engine = Engine(context, {"article": self._try})

    async def _try(self, claim: Claim) -> Outcome:
        self.tries.append((claim.row.account, self.now))
        return self._failures.outcome(claim, NotSent())


@pytest.mark.slow
async def test_148_after_an_outage_jobs_come_back_a_few_at_a_time(database: Database) -> None:
    settings = JobsSettings(sweep_s=0.01, concurrency=64, per_account=64, retries_per_s=2)
    outage = _Outage(database, settings)
    async with database.write() as connection:
        for number in range(1_000):
            row = job_row(f"job_{number:04}", account=f"a{number % 4}", run_at=1_000)
            await jobs.insert(connection, row)
    async with outage.engine, asyncio.timeout(90):
        while len(outage.tries) < 1_000 or outage.engine._running:  # all fail at the same moment
            await asyncio.sleep(0.01)
    async with database.read() as connection:
        rows = [await jobs.get(connection, f"job_{number:04}") for number in range(1_000)]
    comes_back = Counter((row.account, int(row.run_at)) for row in rows if row is not None)
    assert {row.state for row in rows if row is not None} == {State.WAITING}
    assert max(comes_back.values()) == settings.retries_per_s
    assert min(at for _, at in comes_back) >= 1_002
    assert max(at for _, at in comes_back) <= 1_005 + 250 / settings.retries_per_s


async def test_149_a_publication_that_does_not_end_is_asked_for_for_a_day(
    database: Database, sandbox_at_once: RunningSandbox, tmp_path: Path
) -> None:
    sandbox = sandbox_at_once
    sandbox.world.outcomes["*"] = Fate(0, 10 * 86_400.0, 0)
    settings = JobsSettings(sweep_s=0.02, lease_s=10)
    async with open_rig(database, sandbox, tmp_path, settings=settings) as rig:
        row = await rig.submit()
        while "submitted_at" not in row.checkpoint or row.lease_owner:
            row = await rig.get(row.id)
            await asyncio.sleep(0.01)
        looks = []
        async with asyncio.timeout(60):
            while not State(row.state).is_final:
                if row.run_at > rig.time() and row.lease_owner is None:
                    looks.append(row.run_at - row.checkpoint["submitted_at"])
                    rig.ahead(row.run_at - rig.time())
                await asyncio.sleep(0.02)
                row = await rig.get(row.id)
        assert row.state == State.NEEDS_REVIEW
        assert (row.error or {})["details"]["publish_id"]
        assert rig.committed("publication") == 1
        assert rig.calls(GET) <= 30
    assert 86_400 < looks[-1] < 90_100
