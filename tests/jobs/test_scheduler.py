import asyncio
from typing import Any

import pytest

from jobs import crash_points
from jobs.intake import QueueFull
from jobs.lateness import LatePolicy
from jobs.schedule_view import schedule_json
from jobs.states import State
from store import schedules as rows
from store.engine import Database
from tests.jobs.timetable import DAY, HOUR, MONDAY, Timetable

DAILY = "0 8 * * *"


@pytest.fixture
def timetable(database: Database) -> Timetable:
    return Timetable(database)


async def test_a_job_is_made_at_its_time_and_not_before(timetable: Timetable) -> None:
    schedule = await timetable.add()
    await timetable.at(MONDAY - 0.001)
    assert await timetable.made() == []
    await timetable.at(MONDAY)
    (job,) = await timetable.made()
    assert (job.schedule_id, job.due_at, job.run_at) == (schedule.id, MONDAY, MONDAY)
    assert (job.client_id, job.action, job.state) == ("blog", "publish", State.SCHEDULED)
    seen = await timetable.get(schedule.id)
    assert (seen.state, seen.next_at, seen.last_job_id) == ("ended", None, job.id)


async def test_what_recurs_goes_on_to_its_next_time(timetable: Timetable) -> None:
    schedule = await timetable.add(cron=DAILY)
    for day in range(3):
        await timetable.at(MONDAY + day * DAY)
    assert [job.due_at for job in await timetable.made()] == [MONDAY + n * DAY for n in range(3)]
    seen = await timetable.get(schedule.id)
    assert (seen.state, seen.next_at, seen.skipped) == ("active", MONDAY + 3 * DAY, 0)


async def test_after_a_downtime_one_run_makes_up_for_all_that_were_missed(
    timetable: Timetable,
) -> None:
    schedule = await timetable.add(cron=DAILY, late=LatePolicy("skip", 2 * HOUR))
    await timetable.at(MONDAY + 3 * DAY + HOUR)
    (job,) = await timetable.made()
    assert (job.due_at, job.skip_after) == (MONDAY + 3 * DAY, MONDAY + 3 * DAY + 2 * HOUR)
    seen = await timetable.get(schedule.id)
    assert (seen.skipped, seen.next_at) == (3, MONDAY + 4 * DAY)


async def test_single_times_that_were_missed_are_all_made_up_for(timetable: Timetable) -> None:
    await timetable.add(MONDAY)
    await timetable.add(MONDAY + HOUR)
    await timetable.at(MONDAY + DAY)
    assert [job.due_at for job in await timetable.made()] == [MONDAY, MONDAY + HOUR]


async def test_a_clock_set_back_repeats_nothing(timetable: Timetable) -> None:
    once, daily = await timetable.add(), await timetable.add(cron=DAILY)
    await timetable.at(MONDAY)
    await timetable.at(MONDAY - 600)
    for schedule in (once, daily):
        if schedule is daily:  # paused and resumed by the clock that was set back
            paused = await timetable.schedules.pause(await timetable.get(schedule.id))
            await timetable.schedules.resume(paused)
    await timetable.at(MONDAY)
    await timetable.at(MONDAY + 1)
    assert len(await timetable.made()) == 2


async def test_many_processes_make_each_job_once(database: Database) -> None:
    tables = [Timetable(database) for _ in range(4)]
    for n in range(120):
        await tables[0].add(MONDAY + n)
    await asyncio.gather(*(table.at(MONDAY + DAY) for table in tables))
    await tables[0].at(MONDAY + DAY)  # what one held, another left to it
    made = await tables[0].made()
    assert sorted(job.due_at or 0 for job in made) == [MONDAY + n for n in range(120)]


@pytest.mark.parametrize("point", [crash_points.SCHEDULE_FIRE, crash_points.SCHEDULE_FIRED])
async def test_a_crash_loses_and_doubles_nothing(timetable: Timetable, point: str) -> None:
    class Crashed(Exception):
        pass

    def crash(name: str, /) -> None:
        if name == point:
            raise Crashed

    await timetable.add(cron=DAILY)
    timetable.now = MONDAY
    with pytest.raises(Crashed):
        await timetable.make_scheduler(crash).fire_due()
    await timetable.at(MONDAY + 1)
    assert [job.due_at for job in await timetable.made()] == [MONDAY]


async def test_a_paused_one_makes_no_job(timetable: Timetable) -> None:
    schedule = await timetable.add()
    await timetable.schedules.pause(schedule)
    await timetable.at(MONDAY)
    assert await timetable.made() == []


async def test_a_full_queue_leaves_it_due(database: Database) -> None:
    timetable = Timetable(database, max_waiting=1)
    other = await timetable.add_job(schedule_id=None)
    await timetable.add()
    with pytest.raises(QueueFull):
        await timetable.at(MONDAY)
    await timetable.jobs.cancel(other.id, None)
    await timetable.at(MONDAY + 1)
    assert len(await timetable.made()) == 2


async def test_what_needs_approval_waits_for_it_each_time(timetable: Timetable) -> None:
    await timetable.add(needs_approval=True)
    await timetable.at(MONDAY)
    (job,) = await timetable.made()
    assert (job.state, job.approval) == (State.WAITING, "pending")


async def test_it_looks_by_itself_and_is_told_of_new_ones(timetable: Timetable) -> None:
    async with timetable.scheduler, asyncio.timeout(10):
        await timetable.add()
        timetable.now = MONDAY + 1
        timetable.scheduler.wake()
        while not await timetable.made():
            await asyncio.sleep(0.01)


async def test_what_came_due_meanwhile_is_made_before_it_starts(timetable: Timetable) -> None:
    await timetable.add()
    timetable.now = MONDAY + 1
    async with timetable.scheduler:
        assert len(await timetable.made()) == 1


async def test_a_failing_look_does_not_end_the_watch(
    timetable: Timetable, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = timetable.intake.insert
    failures: list[Any] = []

    async def bad(*how: Any) -> None:
        if len(failures) < 2:
            failures.append(how)
            raise RuntimeError("a bug")
        await good(*how)

    monkeypatch.setattr(timetable.intake, "insert", bad)
    async with timetable.scheduler, asyncio.timeout(10):
        await timetable.add()
        timetable.now = MONDAY + 1
        while not await timetable.made():
            await asyncio.sleep(0.01)
    assert len(failures) == 2


async def test_what_was_due_in_time_that_the_store_forgot_is_left_to_a_person(
    timetable: Timetable,
) -> None:
    daily, later = await timetable.add(cron=DAILY), await timetable.add(MONDAY + 2 * HOUR)
    timetable.now = MONDAY + 3 * HOUR
    await timetable.make_scheduler(lost_until=MONDAY + HOUR).fire_due()
    made = {job.schedule_id: job for job in await timetable.made()}
    assert made[daily.id].state == State.NEEDS_REVIEW
    assert made[later.id].state == State.SCHEDULED
    assert (await timetable.get(daily.id)).next_at == MONDAY + DAY


async def test_a_full_queue_does_not_keep_it_from_starting(database: Database) -> None:
    timetable = Timetable(database, max_waiting=1)
    await timetable.add_job()
    schedule = await timetable.add()
    timetable.now = MONDAY
    async with timetable.scheduler:  # the engine, which makes room, is started after it
        assert (await timetable.get(schedule.id)).next_at == MONDAY


async def test_one_that_no_job_can_be_made_of_is_paused_and_the_others_go_on(
    timetable: Timetable,
) -> None:
    broken, sound = await timetable.add(), await timetable.add()
    async with timetable.database.write() as connection:
        of_tomorrow = {"kind": "article", "action": "draft", "fields": {"unheard_of": 1}}
        assert await rows.change(connection, broken, {"work": of_tomorrow})
    await timetable.at(MONDAY)
    assert [made.schedule_id for made in await timetable.made()] == [sound.id]
    paused = await timetable.get(broken.id)
    assert (paused.state, paused.pause_reason) == ("paused", "unreadable")


async def test_one_whose_client_is_gone_is_paused_until_it_is_resumed(
    timetable: Timetable,
) -> None:
    daily = await timetable.add(cron=DAILY)
    timetable.callers.said["blog"] = None
    await timetable.at(MONDAY)
    paused = await timetable.get(daily.id)
    assert (paused.state, paused.pause_reason) == ("paused", "client_gone")
    assert schedule_json(paused)["pause_reason"] == "client_gone"
    assert await timetable.made() == []
    del timetable.callers.said["blog"]
    resumed = await timetable.schedules.resume(paused)
    assert (resumed.next_at, resumed.pause_reason) == (MONDAY + DAY, None)
    await timetable.at(MONDAY + DAY)
    assert len(await timetable.made()) == 1
