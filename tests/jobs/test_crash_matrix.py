import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobs import crash_points
from jobs.states import State
from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from store.engine import Database
from tests.jobs.rig import SUBMIT, Work, open_work

pytestmark = pytest.mark.slow


@pytest.fixture
async def work(database: Database, sandbox: RunningSandbox, tmp_path: Path) -> AsyncIterator[Work]:
    """The way to hand in and look; the engine that works is in another process."""
    async with open_work(database, sandbox.url, tmp_path) as opened:
        yield opened


async def _run_child(
    database_url: str, tmp_path: Path, sandbox: RunningSandbox, job_id: str, point: str = ""
) -> int:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.jobs.crash_child"),
        *(database_url, str(tmp_path), sandbox.url, job_id, point),
        stdout=asyncio.subprocess.DEVNULL,
    )
    return await asyncio.wait_for(child.wait(), 60)


@pytest.mark.parametrize("point", crash_points.ALL)
async def test_a_process_killed_anywhere_neither_loses_nor_doubles_the_article(
    work: Work, database_url: str, sandbox: RunningSandbox, tmp_path: Path, point: str
) -> None:
    row = await work.submit()
    status = await _run_child(database_url, tmp_path, sandbox, row.id, point)
    assert status == -signal.SIGKILL, "the crash point was not passed"
    assert await _run_child(database_url, tmp_path, sandbox, row.id) == 0
    row = await work.jobs.get(row.id, None)
    assert (row.state, row.error) == (State.SUCCEEDED, None)
    ledger = sandbox.ledger
    assert [len(ledger.entries(kind)) for kind in ("draft", "publication", "article")] == [1, 1, 1]
    assert row.result is not None
    assert row.result["article_id"] == ledger.entries("article")[0].data["article_id"]


@pytest.mark.parametrize("kind", ["reset_before_read", "reset_after_commit", "html502"])
async def test_a_kill_on_top_of_a_lost_answer_does_not_double_it_either(
    work: Work, database_url: str, sandbox: RunningSandbox, tmp_path: Path, kind: str
) -> None:
    sandbox.faults.add(Fault.model_validate({"kind": kind, "path": SUBMIT}))
    row = await work.submit()
    point = crash_points.sent(SUBMIT)
    assert await _run_child(database_url, tmp_path, sandbox, row.id, point) == -signal.SIGKILL
    assert await _run_child(database_url, tmp_path, sandbox, row.id) == 0
    row = await work.jobs.get(row.id, None)
    assert row.state == State.SUCCEEDED
    assert len(sandbox.ledger.entries("publication")) == 1
