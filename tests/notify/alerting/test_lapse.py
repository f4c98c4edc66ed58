import asyncio
from collections.abc import Callable
from typing import get_args

import pytest

from core.clock import next_shanghai_midnight
from notify.alerting.lapse import LAPSES_S, OF_A_DAY, Lapse
from notify.bulletin import AGAIN_AFTER_S
from notify.events import EVENTS, EventName
from server.following import in_background
from store import alerts, happenings
from store.engine import Database
from store.happenings import HappeningRow
from tests.store.test_alerts import alert_row

NOON = next_shanghai_midnight(1_795_300_000.0) + 43_200


async def put(database: Database, event: str, last_at: float) -> None:
    async with database.write() as connection:
        row = alert_row(f"alr_{event}", event=event, last_at=last_at, data={"host": "h"})
        await alerts.insert(connection, row)


async def ended(database: Database) -> list[HappeningRow]:
    async with database.write() as connection:
        return await happenings.take(connection, limit=99)


@pytest.mark.parametrize("event", LAPSES_S)
async def test_what_nobody_tells_of_any_more_is_over(database: Database, event: EventName) -> None:
    await put(database, event, NOON)
    now = NOON + LAPSES_S[event]
    for at in (now, now + 1, now + 2):
        await Lapse(database, clock=at_(at)).look()
    (row,) = await ended(database)
    assert (row.event, row.over, row.data) == (event, True, {"host": "h"})


@pytest.mark.parametrize("event", OF_A_DAY)
async def test_a_quota_is_back_at_midnight_in_beijing(database: Database, event: str) -> None:
    await put(database, event, NOON)
    midnight = next_shanghai_midnight(NOON)
    await Lapse(database, clock=at_(midnight - 1)).look()
    assert await ended(database) == []
    await Lapse(database, clock=at_(midnight)).look()
    assert [row.event for row in await ended(database)] == [event]


async def test_several_processes_end_it_once(database: Database) -> None:
    await put(database, "breaker.open", NOON)
    lapses = [Lapse(database, clock=at_(NOON + 9_999)) for _ in range(4)]
    await asyncio.gather(*(each.look() for each in lapses))
    assert len(await ended(database)) == 1


async def test_what_a_person_has_to_mend_does_not_end_by_itself(database: Database) -> None:
    lasting = set(get_args(EventName)) - LAPSES_S.keys() - set(OF_A_DAY)
    assert "account.ip_refused" in lasting
    for event in lasting:
        await put(database, event, NOON)
    await Lapse(database, clock=at_(NOON + 1e7)).look()
    assert await ended(database) == []


async def test_it_looks_by_itself(database: Database) -> None:
    await put(database, "disk.full", 1.0)
    lapse = Lapse(database, clock=at_(NOON), every_s=0.02)
    async with in_background(lapse.run(), name="lapse"), asyncio.timeout(20):
        while not await ended(database):
            await asyncio.sleep(0.02)


def test_what_goes_on_is_told_again_long_before_it_would_be_over() -> None:
    assert all(seconds >= 2 * AGAIN_AFTER_S for seconds in LAPSES_S.values())
    assert all(EVENTS[event].alerts for event in [*LAPSES_S, *OF_A_DAY])


def at_(now: float) -> Callable[[], float]:
    return lambda: now
