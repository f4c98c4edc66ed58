import asyncio

import pytest

from notify.alerting.settings import AlertSettings
from server.following import in_background
from store import happenings
from store.engine import Database
from tests.notify.alert_desk import SETTINGS, Desk

ESCALATED = ("alert.escalated", False)
OVER = ("breaker.open", True)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


async def test_nobody_acknowledges_so_each_level_is_told_once(desk: Desk) -> None:
    await desk.happens(data={"host": "api"})
    assert await desk.passes(599) == []
    assert await desk.passes(1) == [ESCALATED]
    assert await desk.passes(1_199) == []
    assert await desk.passes(1) == [ESCALATED]
    assert await desk.passes(100_000) == []
    assert (await desk.alert()).escalation == 2
    assert desk.woken == 2


async def test_what_is_passed_on_says_what_it_is_about(desk: Desk) -> None:
    noted = await desk.happens(data={"host": "api"})
    desk.now += 600
    await desk.care.look(desk.now)
    async with desk.database.write() as connection:
        (row,) = await happenings.take(connection, limit=9)
    assert (row.account, row.key, row.data["alert_id"]) == ("main", "main", noted.alert_id)
    said = {name: row.data[name] for name in ("host", "event", "severity", "level", "count")}
    assert said == {
        "host": "api",
        "event": "breaker.open",
        "severity": "error",
        "level": 1,
        "count": 1,
    }
    assert "已熔断" in row.data["problem"]["zh"]


async def test_several_processes_pass_it_on_once(database: Database) -> None:
    desks = [Desk(database) for _ in range(4)]
    await desks[0].happens()
    for desk in desks:
        desk.now = 1_600.0
    await asyncio.gather(*(desk.care.look(desk.now) for desk in desks))
    assert await desks[0].told() == [ESCALATED]
    assert (await desks[0].alert()).escalation == 1


async def test_an_acknowledged_one_is_not_passed_on(desk: Desk) -> None:
    await desk.happens()
    await desk.change(state="acknowledged", escalate_at=None)
    assert await desk.passes(10_000) == []


async def test_settings_that_pass_nothing_on_any_more_count_at_once(desk: Desk) -> None:
    await desk.happens()
    desk.settings = AlertSettings(escalate_after_s=())
    assert await desk.passes(10_000) == []
    assert (await desk.alert()).escalate_at is None


async def test_nothing_is_passed_on_in_a_silence_but_after_it(desk: Desk) -> None:
    await desk.happens()
    await desk.silence(700)
    assert await desk.passes(600) == []
    assert await desk.passes(60) == []
    assert await desk.passes(40) == [ESCALATED]


async def test_who_is_not_to_hear_of_escalations_does_not(desk: Desk) -> None:
    await desk.happens()
    await desk.silence(5_000, events=["alert.*"])
    desk.now += 600
    await desk.care.look(desk.now)
    async with desk.database.write() as connection:
        (row,) = await happenings.take(connection, limit=9)
        assert (row.event, row.over) == ESCALATED
        assert not (await desk.alerts.note(connection, row, desk.now)).tell


async def test_what_began_in_a_silence_is_told_and_passed_on_after_it(desk: Desk) -> None:
    await desk.silence(100)
    await desk.happens()
    assert await desk.passes(60) == []
    assert await desk.passes(40) == [("breaker.open", False)]
    assert await desk.passes(599) == []
    assert await desk.passes(1) == [ESCALATED]


async def test_what_was_over_before_its_silence_ended_is_never_told(desk: Desk) -> None:
    await desk.silence(500)
    await desk.happens()
    await desk.ends(after=10)
    assert await desk.passes(150) == []
    assert (await desk.alert()).state == "resolved"
    assert await desk.passes(1_000) == []


async def test_of_what_was_never_told_the_end_is_not_told_either(desk: Desk) -> None:
    await desk.silence(105)
    await desk.happens()
    await desk.ends(after=10)
    assert await desk.passes(100) == []  # the silence ended a moment before it was over


async def test_an_end_in_a_silence_is_not_told(desk: Desk) -> None:
    await desk.happens()
    await desk.silence(500)
    await desk.ends(after=10)
    assert await desk.passes(150) == []
    assert (await desk.alert()).resolved_by == "system"


async def test_one_that_is_over_is_not_passed_on_as_well(desk: Desk) -> None:
    await desk.happens()
    await desk.ends(after=550)
    assert await desk.passes(100) == [OVER]
    assert await desk.passes(10_000) == []


async def test_a_stopped_leader_that_wakes_up_late_does_nothing_twice(database: Database) -> None:
    first, second = Desk(database), Desk(database)
    await first.happens()
    await first.ends()
    second.now = first.now = 5_000.0
    assert await second.passes(0) == [OVER]
    assert await first.passes(0) == []


async def test_alerts_of_a_removed_account_end_without_a_word(desk: Desk) -> None:
    await desk.happens()
    await desk.happens(account="gone", key="gone")
    await desk.happens("disk.full", account=None)
    await desk.care.forget_removed(desk.now)
    await desk.care.forget_removed(desk.now + 599)
    assert all(row.state == "open" for row in await desk.all())
    await desk.care.forget_removed(desk.now + 600)
    states = {row.account: row.state for row in await desk.all()}
    assert states == {"main": "open", "gone": "resolved", None: "open"}
    assert await desk.passes(1) == []


async def test_an_account_that_is_back_in_time_keeps_its_alerts(desk: Desk) -> None:
    await desk.happens(account="late", key="late")
    await desk.care.forget_removed(desk.now)
    desk.accounts.add("late")
    await desk.care.forget_removed(desk.now + 300)
    desk.accounts.remove("late")
    await desk.care.forget_removed(desk.now + 700)
    assert (await desk.alert()).state == "open"


async def test_what_ended_long_ago_is_forgotten(desk: Desk) -> None:
    await desk.happens()
    await desk.ends()
    await desk.passes(100)
    await desk.happens("disk.full")
    await desk.care.tidy(desk.now + SETTINGS.keep_s + 1)
    assert [row.event for row in await desk.all()] == ["disk.full"]


async def test_it_runs_until_it_is_left(desk: Desk) -> None:
    await desk.happens()
    await desk.ends()
    desk.now += 100
    async with in_background(desk.care.run(), name="care"), asyncio.timeout(20):
        while (await desk.alert()).state == "open":
            await asyncio.sleep(0.02)
