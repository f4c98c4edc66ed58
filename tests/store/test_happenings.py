import asyncio
from typing import Any

import pytest

from store import happenings
from store.engine import Database
from store.happenings import HappeningRow


def happening_row(number: int = 1, **values: Any) -> HappeningRow:
    defaults: dict[str, Any] = {
        "id": f"hpn_{number}",
        "event": "disk.near",
        "account": None,
        "key": "gate-1",
        "data": {"percent": 81, "标题": "\x00"},
        "over": False,
        "created_at": 100.0 + number,
    }
    return HappeningRow(**{**defaults, **values})


async def _put(database: Database, *rows: HappeningRow) -> None:
    async with database.write() as connection:
        await happenings.insert(connection, rows)


async def _take(database: Database, limit: int = 9) -> list[HappeningRow]:
    async with database.write() as connection:
        taken = await happenings.take(connection, limit=limit)
        await happenings.routed(connection, [row.id for row in taken], 200.0)
    return taken


async def test_what_happened_is_taken_once_and_oldest_first(database: Database) -> None:
    rows = [happening_row(1, id="hpn_z"), happening_row(2, id="hpn_a", over=True, account="main")]
    await _put(database, *rows)
    assert await _take(database, limit=1) == rows[:1]
    assert await _take(database) == rows[1:]
    assert await _take(database) == []


async def test_what_is_there_already_stays_as_it_is(database: Database) -> None:
    await _put(database, happening_row())
    await _put(database, happening_row(data={"percent": 99}), happening_row(2))
    assert [(row.id, row.data["percent"]) for row in await _take(database)] == [
        ("hpn_1", 81),
        ("hpn_2", 81),
    ]


async def test_what_happens_in_a_transaction_that_fails_has_not_happened(
    database: Database,
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.write() as connection:
            await happenings.insert(connection, [happening_row()])
            _ = 1 / 0
    assert await _take(database) == []


async def test_several_share_what_happened(database: Database) -> None:
    await _put(database, *(happening_row(number) for number in range(30)))
    taken = await asyncio.gather(*(_take(database, limit=7) for _ in range(8)))
    rest = await _take(database, limit=99)  # what was locked by another just then
    ids = [row.id for rows in (*taken, rest) for row in rows]
    assert sorted(ids) == sorted(f"hpn_{number}" for number in range(30))


async def test_only_what_people_were_told_of_is_forgotten(database: Database) -> None:
    await _put(database, happening_row(1))
    await _take(database)
    await _put(database, happening_row(2))
    async with database.write() as connection:
        assert await happenings.purge(connection, before=200.0) == 0
        assert await happenings.purge(connection, before=201.0) == 1
    assert [row.id for row in await _take(database)] == ["hpn_2"]


async def test_nothing_to_write_is_no_statement(database: Database) -> None:
    await _put(database)
    assert await _take(database) == []
