import asyncio
from dataclasses import replace

import pytest

from accounts.edits import Editor
from jobs.cron import Recurrence
from jobs.intake import FilesMissing, IdempotencyMismatch
from jobs.lateness import LatePolicy
from jobs.schedule_errors import (
    ScheduleChanged,
    ScheduleEnded,
    ScheduleJobRunning,
    SchedulesFull,
    ScheduleTimePast,
    ScheduleUnknown,
)
from jobs.schedules import ScheduleChanges
from jobs.service import ApprovalByOther, NotPending
from jobs.states import State
from store import files as kept_files
from store import jobs as job_rows
from store.engine import Database
from store.schedules import ScheduleFilter
from tests.jobs.callers import caller
from tests.jobs.timetable import DAY, HOUR, MONDAY, Timetable

DAILY = "0 8 * * *"


@pytest.fixture
def timetable(database: Database) -> Timetable:
    return Timetable(database)


async def test_one_that_was_made_is_seen_by_its_client_and_by_who_sees_all(
    timetable: Timetable,
) -> None:
    made = await timetable.add()
    schedules = timetable.schedules
    assert await schedules.get("main", made.id, "blog") == made
    assert await schedules.get("main", made.id, None) == made
    for account, client in (("main", "other"), ("other", "blog")):
        with pytest.raises(ScheduleUnknown):
            await schedules.get(account, made.id, client)
    assert timetable.woken == 1


async def test_pages_go_from_new_to_old(timetable: Timetable) -> None:
    made = [await timetable.add(name=str(n)) for n in range(3)]
    await timetable.add(account="other")
    await timetable.schedules.pause(made[0])
    page, cursor = await timetable.schedules.page(ScheduleFilter("main"), before=None, limit=2)
    assert len(page) == 2
    rest, end = await timetable.schedules.page(ScheduleFilter("main"), before=cursor, limit=2)
    assert {row.id for row in [*page, *rest]} == {row.id for row in made}
    assert end is None
    paused = ScheduleFilter("main", "blog", "paused")
    found, _ = await timetable.schedules.page(paused, before=None, limit=9)
    assert [row.id for row in found] == [made[0].id]


async def test_the_same_key_gives_the_same_schedule(timetable: Timetable) -> None:
    new = timetable.new(idempotency_key="k")
    made = await asyncio.gather(*(timetable.schedules.create(new) for _ in range(10)))
    assert len({row.id for row in made}) == 1
    with pytest.raises(IdempotencyMismatch):
        await timetable.schedules.create(replace(new, body_hash="1" * 64))
    other = await timetable.schedules.create(replace(new, client_id="other"))
    assert other.id != made[0].id


async def test_so_many_and_no_more(database: Database) -> None:
    timetable = Timetable(database, max_schedules=2)
    first = await timetable.add()
    await timetable.add()
    with pytest.raises(SchedulesFull):
        await timetable.add()
    await timetable.schedules.remove(first, asked_for=False)
    await timetable.add()


async def test_its_files_are_kept_as_long_as_it_needs_them(timetable: Timetable) -> None:
    made = await timetable.add(files={"a.png": b"picture"}, cron=DAILY)
    async with timetable.database.write() as connection:
        assert await kept_files.purge(connection, unused_since=timetable.now + 99 * DAY) == 0
    await timetable.at(MONDAY)
    (job,) = await timetable.made()
    async with timetable.database.read() as connection:
        assert await kept_files.of_job(connection, job.id) == {"a.png": b"picture"}
    await timetable.jobs.cancel(job.id, None)
    await timetable.schedules.remove(await timetable.get(made.id), asked_for=True)
    async with timetable.database.write() as connection:  # the job may be retried for a while
        assert await kept_files.purge(connection, unused_since=timetable.now + 99 * DAY) == 0
        await job_rows.purge_files(connection, ended_before=timetable.now + 1)
        assert await kept_files.purge(connection, unused_since=timetable.now + 99 * DAY) == 1
    with pytest.raises(FilesMissing):
        await timetable.add(kept={"a.png": "0" * 64})


async def test_a_change_counts_from_the_next_time_on(timetable: Timetable) -> None:
    made = await timetable.add(cron=DAILY)
    noon = Recurrence("0 12 * * *", "Asia/Shanghai")
    changes = ScheduleChanges(name="午报", recurrence=noon, late=LatePolicy("skip", 60))
    changed = await timetable.schedules.change(made, changes)
    assert (changed.version, changed.name, changed.next_at) == (2, "午报", MONDAY + 4 * HOUR)
    assert (changed.if_late, changed.max_late_s, changed.work) == ("skip", 60, made.work)


async def test_a_new_time_makes_one_that_is_over_active(timetable: Timetable) -> None:
    made = await timetable.add()
    await timetable.at(MONDAY)
    over = await timetable.get(made.id)
    changed = await timetable.schedules.change(over, ScheduleChanges(at=MONDAY + DAY))
    assert (changed.state, changed.next_at) == ("active", MONDAY + DAY)
    await timetable.at(MONDAY + DAY)
    assert len(await timetable.made()) == 2


async def test_who_did_not_see_the_last_change_changes_nothing(timetable: Timetable) -> None:
    made = await timetable.add()
    await timetable.at(MONDAY)
    for attempt in (
        timetable.schedules.change(made, ScheduleChanges(name="x")),
        timetable.schedules.pause(made),
        timetable.schedules.remove(made, asked_for=True),
        timetable.schedules.run(made, None),
    ):
        with pytest.raises(ScheduleChanged):
            await attempt
    assert len(await timetable.made()) == 1


async def test_resumed_it_goes_on_with_the_times_to_come(timetable: Timetable) -> None:
    made = await timetable.add(cron=DAILY)
    paused = await timetable.schedules.pause(made)
    assert await timetable.schedules.pause(paused) == paused
    await timetable.at(MONDAY + HOUR)
    resumed = await timetable.schedules.resume(paused)
    assert (resumed.state, resumed.next_at) == ("active", MONDAY + DAY)
    assert await timetable.schedules.resume(resumed) == resumed


async def test_a_single_time_that_went_by_paused_needs_a_new_one(timetable: Timetable) -> None:
    paused = await timetable.schedules.pause(await timetable.add())
    timetable.now = MONDAY + 1
    with pytest.raises(ScheduleTimePast):
        await timetable.schedules.resume(paused)


async def test_one_that_is_over_is_neither_paused_nor_removed_unknowingly(
    timetable: Timetable,
) -> None:
    made = await timetable.add()
    await timetable.at(MONDAY)
    over = await timetable.get(made.id)
    for attempt in (
        timetable.schedules.pause(over),
        timetable.schedules.resume(over),
        timetable.schedules.remove(over, asked_for=False),
        timetable.schedules.run(over, None),
    ):
        with pytest.raises(ScheduleEnded):
            await attempt
    with pytest.raises(ScheduleJobRunning):
        await timetable.schedules.remove(over, asked_for=True)
    await timetable.jobs.cancel((await timetable.made())[0].id, None)
    await timetable.schedules.remove(over, asked_for=True)
    with pytest.raises(ScheduleUnknown):
        await timetable.schedules.get("main", made.id, None)
    with pytest.raises(ScheduleUnknown):
        await timetable.schedules.remove(over, asked_for=True)


async def test_run_now_is_beside_the_times_of_what_recurs(timetable: Timetable) -> None:
    made = await timetable.add(cron=DAILY)
    job = await timetable.schedules.run(made, "k")
    assert (job.due_at, job.schedule_id) == (timetable.now, made.id)
    again = await timetable.schedules.run(await timetable.get(made.id), "k")
    assert again.id == job.id
    await timetable.at(MONDAY)
    assert len(await timetable.made()) == 2


async def test_run_now_is_the_one_time_of_a_single_one(timetable: Timetable) -> None:
    made = await timetable.add()
    job = await timetable.schedules.run(made, None)
    await timetable.at(MONDAY)
    assert [each.id for each in await timetable.made()] == [job.id]
    assert (await timetable.get(made.id)).state == "ended"


async def test_approved_by_another_its_jobs_go_ahead_until_it_is_changed(
    timetable: Timetable,
) -> None:
    made = await timetable.add(cron=DAILY, needs_approval=True)
    blog, editor = caller("blog"), caller("editor")
    assert blog is not None
    assert editor is not None
    with pytest.raises(ApprovalByOther):
        await timetable.schedules.approve(made, blog, Editor("client:blog"))
    given = await timetable.schedules.approve(made, editor, Editor("client:editor"))
    with pytest.raises(NotPending):
        await timetable.schedules.approve(given, editor, Editor("client:editor"))
    await timetable.at(MONDAY)
    (job,) = await timetable.made()
    assert (job.approval, job.state) == ("given", State.SCHEDULED)
    seen = await timetable.get(made.id)
    changed = await timetable.schedules.change(seen, ScheduleChanges(name="x"), needs_approval=True)
    assert changed.approval == "pending"
