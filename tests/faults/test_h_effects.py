"""Exactly one effect, for whatever asks for it. The crash matrix is tests/jobs/test_crash_matrix."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobs.admission import DraftBusy
from jobs.draft_publication import DraftPublication
from jobs.intake import IdempotencyMismatch
from jobs.states import State
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from store import jobs
from store.engine import Database
from store.jobs import JobRow
from tests.jobs.rig import SUBMIT, Rig, open_rig, open_work

UPDATE = "/cgi-bin/draft/update"


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with run_sandbox(SandboxSettings(publish_s=0.25)) as running:
        yield running


@pytest.fixture
async def rig(database: Database, sandbox: RunningSandbox, tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(database, sandbox, tmp_path) as opened:
        yield opened


async def test_135_each_answer_lost_on_the_way_and_still_one_of_each(rig: Rig) -> None:
    first = await rig.until((await rig.submit("一", action="draft", source_id="a.md")).id)
    for path in (UPDATE, SUBMIT):
        rig.fault("reset_after_commit", path)
    row = await rig.until((await rig.submit("二", source_id="a.md")).id)
    assert (row.state, row.error) == (State.SUCCEEDED, None)
    assert (row.result or {})["media_id"] == (first.result or {})["media_id"]
    assert [rig.committed(kind) for kind in ("draft", "publication", "article")] == [1, 1, 1]


async def test_135_two_jobs_of_a_source_do_not_wait_for_each_other(rig: Rig) -> None:
    await rig.until((await rig.submit("一", action="draft", source_id="a.md")).id)
    rig.fault("errcode", UPDATE, errcode=45011)
    first = await rig.submit("二", action="draft", source_id="a.md")
    await rig.until(first.id, State.WAITING)  # it has the draft, and comes back
    second = await rig.submit("三", action="draft", source_id="a.md")
    await rig.until(second.id, State.WAITING)
    rig.ahead(120)
    ended = [await rig.until(row.id) for row in (first, second)]
    assert [row.state for row in ended] == [State.SUCCEEDED] * 2
    assert rig.committed("draft") == 1


async def test_138_fifty_with_one_key_are_one_job_also_after_a_restart(
    database: Database, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with open_rig(database, sandbox, tmp_path) as rig:
        rows = await asyncio.gather(*(rig.submit(idempotency_key="k") for _ in range(50)))
        assert len({row.id for row in rows}) == 1
    async with open_rig(database, sandbox, tmp_path / "again") as rig:
        again = await rig.submit(idempotency_key="k")
        assert again.id == rows[0].id
        assert (await rig.until(again.id)).state == State.SUCCEEDED
        with pytest.raises(IdempotencyMismatch):
            await rig.submit("别的", idempotency_key="k")
        assert (rig.committed("draft"), rig.committed("publication")) == (1, 1)


async def test_139_a_key_of_a_request_that_was_refused_is_free(rig: Rig) -> None:
    made = await rig.until((await rig.submit(action="draft")).id)
    media_id = (made.result or {})["media_id"]
    rig.fault("errcode", SUBMIT, errcode=45011)
    first = DraftPublication(client_id="blog", account="main", media_id=media_id)
    await rig.jobs.submit(first)
    with pytest.raises(DraftBusy):
        await rig.submit(update=media_id, idempotency_key="k")
    assert (await rig.submit("别的", idempotency_key="k")).state == State.ACCEPTED


async def test_152_a_draft_has_one_job_whatever_it_is_to_do(rig: Rig) -> None:
    made = await rig.until((await rig.submit(action="draft")).id)
    media_id = (made.result or {})["media_id"]
    rig.fault("errcode", "/cgi-bin/draft/get", errcode=45011)
    publish = DraftPublication(client_id="blog", account="main", media_id=media_id)
    asked = [rig.jobs.submit(publish), rig.submit("二", update=media_id), rig.jobs.submit(publish)]
    tried = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in tried if not isinstance(one, JobRow)] == [DraftBusy] * 2


async def test_147_a_job_that_ends_its_process_three_times_is_quarantined_and_can_be_retried(
    database: Database, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with open_work(database, sandbox.url, tmp_path) as work:
        poison, other = await work.submit("一"), await work.submit("二")
        async with database.write() as connection:
            # As three processes left it that it took down.
            await jobs.move(connection, poison.id, poison.epoch, {"attempts": 3})
        async with work.engine:
            ended = await work.until(poison.id)
            assert (ended.state, (ended.error or {})["code"]) == (State.FAILED, "quarantined")
            assert (await work.until(other.id)).state == State.SUCCEEDED
            await work.jobs.retry(poison.id, None)
            assert (await work.until(poison.id)).state == State.SUCCEEDED
