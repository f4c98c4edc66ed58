from typing import Any

import pytest

from accounts.edits import Editor
from jobs.lateness import LatePolicy
from jobs.reschedule import JobBegun, Mover, Rescheduling
from jobs.schedule_errors import ScheduleChanged
from jobs.service import JobUnknown
from jobs.states import State
from jobs.steering import JobEnded
from store.engine import Database
from tests.jobs.batches import article
from tests.jobs.journals import journal_of
from tests.jobs.office import Office
from tests.jobs.test_steering import hand_in, held
from tests.jobs.timetable import DAY, HOUR, MONDAY, Timetable


@pytest.fixture
def timetable(database: Database) -> Timetable:
    return Timetable(database)


async def test_a_job_that_waits_for_its_time_gets_another(timetable: Timetable) -> None:
    job = await timetable.add_job(skip_after=MONDAY + HOUR)
    moved = await timetable.rescheduling.move(job.id, "blog", MONDAY + DAY)
    assert (moved.run_at, moved.due_at) == (MONDAY + DAY, MONDAY + DAY)
    assert (moved.skip_after, moved.version) == (MONDAY + DAY + HOUR, job.version + 1)
    late = await timetable.rescheduling.move(job.id, "blog", MONDAY, late=LatePolicy())
    assert (late.skip_after, late.state) == (None, State.SCHEDULED)
    now = await timetable.rescheduling.move(job.id, None, timetable.now - 1)
    assert (now.run_at, now.due_at, now.state) == (timetable.now, timetable.now - 1, "accepted")
    assert timetable.woken == 3


async def test_one_that_waits_for_approval_goes_on_waiting(timetable: Timetable) -> None:
    job = await timetable.add_job(state="waiting", approval="pending")
    moved = await timetable.rescheduling.move(job.id, "blog", MONDAY + DAY)
    assert (moved.state, moved.approval, moved.run_at) == ("waiting", "pending", MONDAY + DAY)


async def test_another_time_may_need_approval_anew(timetable: Timetable) -> None:
    job = await timetable.add_job(approval="given")
    junior = Mover(Editor("client:junior"), needs_approval=True)
    moved = await timetable.rescheduling.move(job.id, None, MONDAY + DAY, by=junior)
    assert (moved.state, moved.approval) == ("waiting", "pending")


@pytest.mark.parametrize(
    ("values", "error"),
    [({"state": "running"}, JobBegun), ({"state": "waiting"}, JobBegun),
     ({"lease_owner": "me", "lease_until": MONDAY}, JobBegun), ({"state": "failed"}, JobEnded),
     ({"client_id": "other"}, JobUnknown), ({"version": 7}, ScheduleChanged)],
)  # fmt: skip
async def test_no_other_job_does(
    timetable: Timetable, values: dict[str, Any], error: type[Exception]
) -> None:
    job = await timetable.add_job(**values)
    with pytest.raises(error):
        await timetable.rescheduling.move(job.id, "blog", MONDAY + DAY, version=1)
    assert await timetable.job(job.id) == job


async def test_an_item_that_gets_a_later_time_gives_its_place_to_the_next(office: Office) -> None:
    rescheduling = Rescheduling(
        *(office.database, office.changes, lambda: None, journal_of(office.database)),
        clock=lambda: office.now,
    )
    batch = await hand_in(office, [article(str(n)) for n in range(3)])
    first, *_ = await office.jobs.items(batch)
    await rescheduling.move(first.id, "blog", office.now + DAY)
    assert await held(office.database, batch) == [False, False, True]
    with pytest.raises(JobBegun):  # a batch has no time of its own
        await rescheduling.move(batch.id, "blog", office.now + DAY)


async def test_a_schedules_job_that_is_moved_takes_no_other_times_place(
    timetable: Timetable,
) -> None:
    await timetable.add(cron="0 8 * * *", needs_approval=True)
    await timetable.at(MONDAY)
    [first] = await timetable.made()
    await timetable.rescheduling.move(first.id, "blog", MONDAY + DAY)
    await timetable.at(MONDAY + DAY)
    assert [row.due_at for row in await timetable.made()] == [MONDAY + DAY, MONDAY + DAY]
    for row in await timetable.made():
        await timetable.rescheduling.move(row.id, "blog", MONDAY + 2 * DAY)
