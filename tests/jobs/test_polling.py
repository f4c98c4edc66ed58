import asyncio
from pathlib import Path

import pytest

from core.clock import next_shanghai_midnight, shanghai_day
from jobs.states import State
from sandbox.server import RunningSandbox
from sandbox.world import Outcome
from store import intents, jobs
from store.engine import Database
from store.jobs import JobRow
from tests.jobs.rig import QUICK, Rig, open_rig
from tests.store.rows import intent_row, job_row
from wechat.freepublish import BATCHGET, GET
from wechat.limits import DAILY_QUOTAS

APP_ID = "wx5a4db0c0ffee0001"
PATIENT = QUICK.model_copy(update={"first_poll_s": (5, 30, 120, 600), "poll_every_s": 3_600})


def _spend(rig: Rig, path: str, *, leave: int) -> None:
    """As if other tools had used up the day's calls."""
    counters = rig.gateway.quota._counters
    used = DAILY_QUOTAS[path] - leave
    counters.add(APP_ID, path, shanghai_day(rig.time()), used)


async def _submitted(rig: Rig) -> JobRow:
    row = await rig.submit()
    while "submitted_at" not in row.checkpoint or row.lease_owner:
        row = await rig.until(row.id, State.RUNNING, State.WAITING)
    return row


async def test_wechat_is_asked_at_growing_intervals(
    database: Database, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    sandbox.world.outcomes["*"] = Outcome(0, 1e9, 0)  # it never ends
    async with open_rig(database, sandbox, tmp_path, settings=PATIENT) as rig:
        row = await _submitted(rig)
        start = row.checkpoint["submitted_at"]
        rig.time.ahead_s = start - rig.time() + rig.time.ahead_s
        seen = [row.run_at - start]
        for asked in range(1, 6):
            rig.time.ahead_s += row.run_at - rig.time() + 0.5
            while rig.calls(GET) < asked or row.lease_owner or row.run_at <= rig.time():
                row = await rig.get(row.id)
            seen.append(row.run_at - start)
    assert seen[:4] == pytest.approx([5, 30, 120, 600], abs=0.01)
    assert [round(later / 1_800) for later in seen[4:]] == [2, 4]  # then hourly


async def test_a_publication_without_an_end_needs_review_after_a_day(
    database: Database, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    sandbox.world.outcomes["*"] = Outcome(0, 1e9, 0)
    async with open_rig(database, sandbox, tmp_path, settings=PATIENT) as rig:
        row = await _submitted(rig)
        rig.time.ahead_s += 86_401
        row = await rig.until(row.id)
    assert row.state == State.NEEDS_REVIEW
    assert (row.error or {})["details"] == {"publish_id": row.checkpoint["publish_id"]}


async def test_a_job_that_nobody_looked_after_for_days_is_looked_at_before_it_is_given_up(
    database: Database, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with open_rig(database, sandbox, tmp_path, settings=PATIENT) as rig:
        row = await _submitted(rig)
        while not rig.committed("article"):
            await asyncio.sleep(0.02)
        rig.time.ahead_s += 3 * 86_400
        row = await rig.until(row.id)
    assert row.state == State.SUCCEEDED


async def test_an_article_that_another_job_has_taken_needs_a_person(rig: Rig) -> None:
    rig.sandbox.world.outcomes["*"] = Outcome(0, 1, 0)
    row = await rig.submit()
    while "publish_id" not in row.checkpoint:
        row = await rig.until(row.id, State.RUNNING)
    publish_id = row.checkpoint["publish_id"]
    publication = rig.sandbox.world.publications.get(APP_ID, publish_id)
    assert publication is not None
    async with rig.database.write() as connection:
        await jobs.insert(connection, job_row(state="succeeded"))
        other = intent_row(effect="submit", outcome="adopted", article_id=publication.article_id)
        await intents.insert(connection, other)
    row = await rig.until(row.id)
    assert row.state == State.NEEDS_REVIEW
    expected = {"publish_id": publish_id, "article_id": publication.article_id}
    assert (row.error or {})["details"] == expected


def _well_before_midnight(rig: Rig) -> None:
    """Whatever the time is: a quarter of an hour later it is the same day in Shanghai."""
    if next_shanghai_midnight(rig.time()) - rig.time() < 1_800:
        rig.ahead(3_600)


async def test_with_few_calls_left_one_list_serves_all_jobs(rig: Rig) -> None:
    _well_before_midnight(rig)
    _spend(rig, GET, leave=19)
    rows = [await rig.submit(f"文 {n}") for n in range(3)]
    while any("submitted_at" not in row.checkpoint for row in rows):
        rows = [await rig.get(row.id) for row in rows]
    rig.ahead(900)
    ended = [await rig.until(row.id) for row in rows]
    assert [row.state for row in ended] == [State.SUCCEEDED] * 3
    assert len({row.result["article_id"] for row in ended if row.result}) == 3
    assert rig.calls(GET) == 0
    assert rig.calls(BATCHGET) < len(rows) * 2


async def test_a_spent_budget_waits_for_midnight(rig: Rig) -> None:
    for path in (GET, BATCHGET):
        _spend(rig, path, leave=0)
    row = await rig.submit()
    row = await rig.until(row.id, State.WAITING)
    assert 0 < row.run_at - next_shanghai_midnight(rig.time()) < 5
    assert (row.error or {})["code"] == "upstream_quota"
    assert rig.calls(GET) == rig.calls(BATCHGET) == 0
    rig.ahead(row.run_at - rig.time() + 1)
    assert (await rig.until(row.id)).state == State.SUCCEEDED


async def test_wechats_own_word_on_the_budget_counts(rig: Rig) -> None:
    _well_before_midnight(rig)
    rig.fault("errcode", GET, errcode=45009)
    row = await rig.submit()
    while not rig.calls(BATCHGET):
        row = await rig.until(row.id, State.RUNNING, State.SUCCEEDED)
    rig.ahead(900)
    assert (await rig.until(row.id)).state == State.SUCCEEDED
    assert rig.calls(GET) == 1


@pytest.mark.parametrize("fault", ["html502", "garbage", "reset_before_read"])
async def test_a_failure_to_ask_does_not_fail_the_job(rig: Rig, fault: str) -> None:
    rig.fault(fault, GET, count=4)
    row = await rig.until((await rig.submit()).id)
    assert (row.state, row.error) == (State.SUCCEEDED, None)
    assert rig.committed("publication") == 1


async def test_a_status_that_nobody_knows_needs_a_person(rig: Rig) -> None:
    rig.sandbox.world.outcomes["*"] = Outcome(9, 0.05, 0)
    row = await rig.until((await rig.submit()).id)
    assert row.state == State.NEEDS_REVIEW
    assert (row.error or {})["details"]["publish_status"] == 9
