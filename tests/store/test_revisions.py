import asyncio

import pytest

from store import revisions
from store.engine import Database


async def number(database: Database, name: str) -> int:
    async with database.read() as connection:
        return (await revisions.read(connection)).get(name, 0)


async def test_each_change_has_a_number_of_its_own(database: Database) -> None:
    async def change() -> None:
        async with database.write() as connection:
            await revisions.bump(connection, revisions.CLIENTS)

    await asyncio.gather(*(change() for _ in range(8)))
    assert await number(database, revisions.CLIENTS) == 8
    assert await number(database, revisions.ACCOUNTS) == 0


async def test_a_change_that_is_rolled_back_is_none(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.write() as connection:
            await revisions.bump(connection, revisions.CLIENTS)
            raise ZeroDivisionError
    assert await number(database, revisions.CLIENTS) == 0
