import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from notify.alerting.settings import AlertSettings
from notify.alerting.traffic import Traffic
from store import traffic
from store.engine import Database, StorageUnavailable
from store.traffic import TrafficRow


class Counter:
    """One process's, its clock in the test's hand."""

    def __init__(self, database: Database) -> None:
        self.now = 1_000.0
        self.traffic = Traffic(database, AlertSettings, clock=lambda: self.now)
        self._database = database

    async def stored(self) -> list[TrafficRow]:
        async with self._database.read() as connection:
            return await traffic.since(connection, 0)


@pytest.fixture
def counter(database: Database) -> Counter:
    return Counter(database)


async def test_calls_are_counted_by_five_minutes_and_told_once(counter: Counter) -> None:
    counter.traffic.count("main", 0.25, failed=False)
    counter.traffic.count("main", 3.5, failed=True)
    counter.traffic.count("other", 0.5, failed=False)
    await counter.traffic.write()
    await counter.traffic.write()
    expected = TrafficRow(account="main", at=900, calls=2, errors=1, slow=1, took_ms=3_750.0)
    main, other = sorted(await counter.stored(), key=lambda row: row.account)
    assert main == expected
    assert other.calls == 1


async def test_what_the_store_did_not_take_is_told_later(counter: Counter) -> None:
    database = counter._database
    counter.traffic.count("main", 0.25, failed=False)
    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE traffic RENAME TO away"))
    with pytest.raises(Exception, match="traffic"):
        await counter.traffic.write()
    counter.traffic.count("main", 0.25, failed=True)
    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO traffic"))
    await counter.traffic.write()
    (row,) = await counter.stored()
    assert (row.calls, row.errors) == (2, 1)


async def test_what_it_kept_for_an_hour_in_vain_is_let_go(counter: Counter) -> None:
    counter.traffic.count("main", 0.25, failed=False)
    counter.now += 3_900
    await counter.traffic.write()
    assert await counter.stored() == []


async def test_the_last_calls_of_a_process_are_told(counter: Counter) -> None:
    async with counter.traffic:
        counter.traffic.count("main", 0.25, failed=False)
    assert [row.calls for row in await counter.stored()] == [1]


async def test_a_store_that_is_away_does_not_keep_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    counter = Counter(database)

    async def away(*_: object) -> None:
        raise StorageUnavailable(reason="away")

    monkeypatch.setattr(traffic, "add", away)
    async with asyncio.timeout(20), counter.traffic:
        counter.traffic.count("main", 0.25, failed=False)
