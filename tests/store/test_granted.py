import asyncio
import time

import pytest

from store import granted
from store.engine import Database, StorageUnavailable
from store.granted import Granted

ONE = Granted({1: 1}, 2.5, 9.5)


async def look(database: Database, *rules: str) -> dict[str, Granted]:
    async with database.read() as connection:
        return await granted.look(connection, rules)


async def test_what_is_kept_is_found_and_can_be_cleared(postgres: Database) -> None:
    many = Granted({1: 3, 70_000_000_000: 1}, 2.5, 9.5)
    async with postgres.write() as connection:
        assert abs(time.time() - await granted.lock(connection, ["b", "a"])) < 60
        for kept in (ONE, many):
            await granted.keep(connection, {"a": kept, "b": ONE})
    assert await look(postgres, "a", "b", "c") == {"a": many, "b": ONE}
    async with postgres.write() as connection:
        await granted.clear(connection, ["a"])
    assert set(await look(postgres, "a", "b")) == {"b"}


async def test_one_at_a_time_has_a_rule_even_before_its_first_row(postgres: Database) -> None:
    async def count(rules: list[str]) -> None:
        async with postgres.write() as connection:
            await granted.lock(connection, rules)
            known = await granted.look(connection, rules)
            more = {
                rule: ONE._replace(calls={1: known.get(rule, Granted({1: 0}, 0, 0)).calls[1] + 1})
                for rule in rules
            }
            await granted.keep(connection, more)

    orders = (["a", "b", "c"], ["c", "a"], ["b", "c"], ["c", "b", "a"])
    await asyncio.gather(*(count(rules) for rules in orders * 5))
    found = await look(postgres, "a", "b", "c")
    assert {rule: kept.calls for rule, kept in found.items()} == {
        "a": {1: 15},
        "b": {1: 15},
        "c": {1: 20},
    }


async def test_who_stands_still_with_the_locks_loses_them(postgres: Database) -> None:
    async def stand_still() -> None:
        async with postgres.write() as connection:
            await granted.lock(connection, ["a"])
            had.set()
            await asyncio.Event().wait()  # until somebody else had them

    had = asyncio.Event()
    standing = asyncio.ensure_future(stand_still())
    await had.wait()
    async with asyncio.timeout(20), postgres.write() as connection:
        await granted.lock(connection, ["a"])
        await granted.keep(connection, {"a": ONE})
    standing.cancel()
    with pytest.raises((asyncio.CancelledError, StorageUnavailable)):
        await standing
    assert await look(postgres, "a") == {"a": ONE}


async def test_rules_of_which_nothing_counts_any_more_are_forgotten(postgres: Database) -> None:
    async with postgres.write() as connection:
        await granted.keep(connection, {"old": ONE, "new": ONE._replace(over_at=30)})
        assert await granted.purge(connection, before=20) == 1
    assert set(await look(postgres, "old", "new")) == {"new"}
