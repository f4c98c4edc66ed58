import asyncio
import time
from pathlib import Path

from pydantic import SecretStr

from core.clock import Clocks
from core.metrics import Metrics
from notify.bulletin import AGAIN_AFTER_S, Bulletin
from notify.happening import Happening
from store import alerts, happenings
from store.engine import Database, DatabaseSettings, open_database
from store.happenings import HappeningRow
from store.migrate import migrate
from tests.store.test_alerts import alert_row
from tests.stores import PreparedSqlite

OPEN = Happening(event="breaker.open", account="main", key="main api.test")
OVER = Happening(event="breaker.open", account="main", key="main api.test", over=True)


class Time:
    def __init__(self) -> None:
        self.now = 1_000.0

    @property
    def clocks(self) -> Clocks:
        return Clocks(time.time, lambda: self.now)


async def _written(database: Database) -> list[HappeningRow]:
    async with database.write() as connection:
        return await happenings.take(connection, limit=9_999)


async def _wait_for(database: Database, count: int) -> list[HappeningRow]:
    async with asyncio.timeout(30):
        while len(rows := await _written(database)) < count:
            await asyncio.sleep(0.02)
    return rows


async def _route(database: Database, told: list[HappeningRow]) -> None:
    async with database.write() as connection:
        await happenings.routed(connection, [row.id for row in told], 1.0)
        row = alert_row(event=OPEN.event, key=OPEN.key)
        await alerts.insert(connection, row)


async def test_what_is_told_is_written_down_soon_and_on_the_way_out(database: Database) -> None:
    async with Bulletin(database, Metrics()) as tell:
        tell(OPEN)
        (row,) = await _wait_for(database, 1)
        assert (row.event, row.account, row.key, row.over) == (
            *("breaker.open", "main", "main api.test"),
            False,
        )
        tell(OVER)
    assert [row.over for row in await _written(database)] == [False, True]


async def test_what_goes_on_is_written_down_now_and_then(database: Database) -> None:
    clock = Time()
    async with Bulletin(database, Metrics(), clocks=clock.clocks) as tell:
        for _ in range(1_000):
            tell(OPEN)
        await _wait_for(database, 1)
        clock.now += AGAIN_AFTER_S - 1
        tell(OPEN)
        tell(Happening(event="breaker.open", account="two", key="two api.test"))
        assert len(await _wait_for(database, 2)) == 2
        clock.now += 1
        tell(OPEN)
    assert [row.account for row in await _written(database)] == ["main", "two", "main"]


async def test_what_ended_and_begins_anew_is_told_of_at_once(database: Database) -> None:
    async with Bulletin(database, Metrics()) as tell:
        for happening in (OPEN, OVER, OVER, OPEN):
            tell(happening)
    # Told in one breath: how it stands at the end is what stays.
    assert [row.over for row in await _written(database)] == [True, False]


async def test_an_end_is_told_of_again_when_another_process_told_of_a_new_begin(
    database: Database,
) -> None:
    clock = Time()
    async with Bulletin(database, Metrics(), clocks=clock.clocks) as tell:
        tell(OVER)
        async with Bulletin(database, Metrics()) as other:
            other(OPEN)
        clock.now += AGAIN_AFTER_S
        tell(OVER)
    (*_, last) = sorted(await _written(database), key=lambda row: row.created_at)
    assert last.over


async def test_an_end_is_written_down_only_of_what_has_begun_by_the_word_of_any_process(
    database: Database,
) -> None:
    async with Bulletin(database, Metrics()) as tell:
        tell(OVER)
    assert await _written(database) == []
    async with Bulletin(database, Metrics()) as other:
        other(OPEN)
    async with Bulletin(database, Metrics()) as tell:
        tell(OVER)
    told = await _written(database)
    assert [row.over for row in told] == [False, True]
    await _route(database, told)
    async with Bulletin(database, Metrics()) as restarted:  # the alert is still open
        restarted(OVER)
        restarted(Happening(event="breaker.open", account="two", key="two", over=True))
    assert [(row.key, row.over) for row in await _written(database)] == [(OPEN.key, True)]


async def test_what_raises_no_alert_is_never_held_back(database: Database) -> None:
    changed = Happening(event="config.changed", key="file")
    async with Bulletin(database, Metrics()) as tell:
        tell(changed)
        await _wait_for(database, 1)
        tell(changed)
    assert len(await _written(database)) == 2


async def test_what_is_told_once_is_told_once_by_all_processes_together(
    database: Database,
) -> None:
    near = Happening(event="quota.near", key="main /cgi-bin/draft/add", once="2026-11-23")
    async with Bulletin(database, Metrics()) as one, Bulletin(database, Metrics()) as other:
        one(near)
        other(near)
    async with Bulletin(database, Metrics()) as restarted:
        restarted(near)
        restarted(Happening(event="quota.near", key=near.key, once="2026-11-24"))
    assert len(await _written(database)) == 2


async def test_a_store_that_is_away_is_waited_for_and_the_newest_is_kept(tmp_path: Path) -> None:
    settings = DatabaseSettings(url=SecretStr(""))
    async with open_database(settings, tmp_path) as database:  # which has no tables yet
        async with Bulletin(database, Metrics(), retry_s=0.05) as tell:
            for percent in (81, 82):
                tell(Happening(event="config.changed", key="file", data={"percent": percent}))
                await asyncio.sleep(0.6)
            await migrate(database)
            (row,) = await _wait_for(database, 1)
        assert row.data == {"percent": 82}


async def test_a_store_that_stays_away_holds_nobody_up(tmp_path: Path) -> None:
    settings = DatabaseSettings(url=SecretStr(""))
    async with open_database(settings, tmp_path) as database, Bulletin(database, Metrics()) as tell:
        tell(OPEN)


async def test_of_too_much_the_rest_is_counted_and_dropped(
    prepared_sqlite: PreparedSqlite, tmp_path: Path
) -> None:
    prepared_sqlite.put(tmp_path)
    metrics = Metrics()
    async with open_database(DatabaseSettings(url=SecretStr("")), tmp_path) as database:
        async with Bulletin(database, metrics) as tell:
            tell(Happening(event="config.changed", key="file", data={"n": 1}))
            for number in range(1_004):
                tell(Happening(event="breaker.open", key=f"host {number}"))
            tell(Happening(event="config.changed", key="file", data={"n": 2}))
        rows = await _written(database)
        assert len(rows) == 1_000
        assert [row.data for row in rows if row.event == "config.changed"] == [{"n": 2}]
    assert "wxgate_happenings_dropped_total 5.0" in metrics.render().decode()
