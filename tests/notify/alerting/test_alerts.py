import asyncio

import pytest

from notify.alerting.alerts import Noted, rank
from store import silences
from store.engine import Database
from tests.notify.alert_desk import Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


async def test_what_goes_on_is_one_alert_told_once(desk: Desk) -> None:
    told = [(await desk.happens(after=60, data={"n": n})).tell for n in range(5)]
    assert told == [True, False, False, False, False]
    (row,) = await desk.all()
    assert (row.count, row.data, row.first_at, row.last_at) == (5, {"n": 4}, 1_060.0, 1_300.0)
    assert row.state == "open"


async def test_each_thing_has_an_alert_of_its_own(desk: Desk) -> None:
    noted = [
        await desk.happens(),
        await desk.happens(key="other"),
        await desk.happens("quota.near"),
    ]
    assert all(each.tell for each in noted)
    assert len({each.alert_id for each in noted}) == 3


async def test_what_raises_no_alert_is_told_each_time(desk: Desk) -> None:
    assert [await desk.happens("job.failed") for _ in range(2)] == [Noted(None, tell=True)] * 2
    assert await desk.happens("of.a.newer.version") == Noted(None, tell=True)
    assert await desk.all() == []


async def test_what_comes_and_goes_is_told_once(desk: Desk) -> None:
    told = []
    for _ in range(10):
        told.append((await desk.happens(after=20)).tell)
        told.append((await desk.ends(after=20)).tell)
        assert await desk.passes(0) == []
    assert told.count(True) == 1
    assert told[0]
    assert (await desk.alert()).count == 10
    assert await desk.passes(101) == [("breaker.open", True)]
    assert await desk.passes(1_000) == []


async def test_one_that_comes_back_is_the_same_and_needs_twice_the_calm(desk: Desk) -> None:
    await desk.happens()
    for calm_s in (100, 200, 400):
        await desk.ends(after=1)
        assert await desk.passes(calm_s - 1) == []
        assert await desk.passes(1) == [("breaker.open", True)]
        assert (await desk.happens(after=1)).tell  # they believe that it is over
    (row,) = await desk.all()
    assert (row.reopened, row.state, row.resolved_at, row.resolved_by) == (3, "open", None, None)


async def test_one_that_comes_back_much_later_is_another(desk: Desk) -> None:
    first = await desk.happens()
    await desk.ends()
    await desk.passes(100)
    again = await desk.happens(after=1_001)
    assert again.tell
    assert again.alert_id != first.alert_id


async def test_what_a_person_resolved_begins_anew(desk: Desk) -> None:
    first = await desk.happens()
    await desk.change(state="resolved", resolved_by="client:ops", resolved_at=desk.now)
    again = await desk.happens(after=1)
    assert again.tell
    assert again.alert_id != first.alert_id


async def test_an_acknowledged_one_that_goes_on_stays_so(desk: Desk) -> None:
    await desk.happens()
    await desk.change(state="acknowledged", acknowledged_by="client:ops", escalate_at=None)
    assert not (await desk.happens(after=60)).tell
    row = await desk.alert()
    assert (row.state, row.acknowledged_by, row.escalate_at) == ("acknowledged", "client:ops", None)


async def test_one_that_got_worse_is_told_and_open_again(desk: Desk) -> None:
    await desk.happens(data={"severity": "info"})  # no less than the event's own
    assert (await desk.alert()).severity == "error"
    await desk.change(state="acknowledged", acknowledged_by="client:ops", escalate_at=None)
    assert (await desk.happens(after=60, data={"severity": "critical"})).tell
    row = await desk.alert()
    assert (row.state, row.severity, row.acknowledged_by) == ("open", "critical", None)
    assert row.escalate_at == desk.now + 600
    assert not (await desk.happens(after=60)).tell  # milder, and still told of
    assert (await desk.alert()).severity == "critical"


async def test_the_end_of_what_nobody_noted_is_no_news(desk: Desk) -> None:
    assert await desk.ends() == Noted(None, tell=False)
    assert await desk.all() == []


async def test_an_end_from_before_it_happened_again_is_none(desk: Desk) -> None:
    await desk.happens(after=10)
    await desk.ends(created_at=desk.now - 5)
    assert (await desk.alert()).over_at is None


@pytest.mark.parametrize("event", ["breaker.open", "job.failed"])
async def test_a_silence_keeps_it_from_people_not_from_the_books(desk: Desk, event: str) -> None:
    await desk.silence(500, events=[event])
    assert not (await desk.happens(event)).tell
    assert (await desk.happens("quota.near")).tell


async def test_one_that_goes_on_after_its_silence_is_told_by_the_next_happening(
    desk: Desk,
) -> None:
    await desk.silence(500)
    assert not (await desk.happens()).tell
    assert not (await desk.happens(after=100)).tell
    assert (await desk.happens(after=401)).tell
    assert not (await desk.happens(after=1)).tell
    assert (await desk.alert()).escalate_at == desk.now - 1 + 600


async def test_two_processes_that_note_the_same_thing_tell_it_once(database: Database) -> None:
    desks = [Desk(database) for _ in range(8)]
    noted = await asyncio.gather(*(desk.happens() for desk in desks))
    assert [each.tell for each in noted].count(True) == 1
    (row,) = await desks[0].all()
    assert row.count == 8
    assert {each.alert_id for each in noted} == {row.id}


async def test_only_what_is_bad_enough_is_passed_on(desk: Desk) -> None:
    await desk.happens()
    assert (await desk.alert()).escalate_at == desk.now + 600
    await desk.happens("quota.near")
    assert (await desk.alert()).escalate_at is None


async def test_a_silence_that_was_ended_early_holds_no_longer(desk: Desk) -> None:
    await desk.silence(5_000)
    await desk.happens()
    assert await desk.passes(60) == []
    async with desk.database.write() as connection:
        (held,) = await silences.at(connection, desk.now)
        await silences.end(connection, held.id, desk.now)
    assert await desk.passes(60) == [("breaker.open", False)]
    assert await desk.passes(60) == []


def test_worse_ranks_higher() -> None:
    ranks = [rank(name) for name in ("info", "warning", "error", "critical")]
    assert ranks == sorted(set(ranks))
    assert rank("of a newer version") == rank("info")
