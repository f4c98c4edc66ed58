import asyncio

from store import capabilities as rows
from store.capabilities import CapabilityRow
from store.engine import Database

FIRST = CapabilityRow("wx0000000000000001", {"freepublish": True}, 1_795_300_000.123456)
LATER = CapabilityRow("wx0000000000000001", {"freepublish": False}, 1_795_400_000.5)


async def claim(database: Database, row: CapabilityRow, seen: float | None) -> bool:
    async with database.write() as connection:
        return await rows.claim(connection, row, seen)


async def stored(database: Database) -> list[CapabilityRow]:
    async with database.read() as connection:
        return await rows.capabilities(connection)


async def test_what_is_put_replaces_what_there_was(database: Database) -> None:
    for row in (FIRST, LATER):
        async with database.write() as connection:
            await rows.put(connection, row)
        assert await stored(database) == [row]


async def test_of_many_who_claim_an_account_one_gets_it(database: Database) -> None:
    for row, seen in ((FIRST, None), (LATER, FIRST.checked_at)):
        done = await asyncio.gather(*(claim(database, row, seen) for _ in range(4)))
        assert sorted(done) == [False, False, False, True]
        assert await stored(database) == [row]


async def test_who_saw_an_older_row_gets_nothing(database: Database) -> None:
    await claim(database, LATER, None)
    for seen in (None, FIRST.checked_at):
        assert not await claim(database, FIRST, seen)
    assert await stored(database) == [LATER]
