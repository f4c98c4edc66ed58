import asyncio
import time

from store import granted
from store.engine import Database


async def look(database: Database, *rules: str) -> granted.Known:
    async with database.read() as connection:
        return await granted.look(connection, rules)


async def test_what_is_kept_is_found_and_can_be_cleared(postgres: Database) -> None:
    async with postgres.write() as connection:
        assert abs(time.time() - await granted.lock(connection, ["b", "a"])) < 60
        for calls in ({1: 2}, {1: 3, 70_000_000_000: 1}):
            await granted.keep(connection, "a", calls, ends_at=9.5)
    known = await look(postgres, "a", "b")
    assert known.calls == {"a": {1: 3, 70_000_000_000: 1}}
    assert known.apart_at == 0  # nobody ever was
    async with postgres.write() as connection:
        await granted.clear(connection, ["a"])
    assert (await look(postgres, "a")).calls == {}


async def test_who_does_without_redis_tells_so_once_a_second(postgres: Database) -> None:
    told = []
    for _ in range(2):
        async with postgres.write() as connection:
            await granted.tell_apart(connection)
            told.append(await granted.look(connection, ["a"]))
    assert abs(time.time() - told[0].apart_at) < 60
    assert told[1].apart_at == told[0].apart_at


async def test_one_at_a_time_has_a_rule_even_before_its_first_row(postgres: Database) -> None:
    async def count(rules: list[str]) -> None:
        async with postgres.write() as connection:
            await granted.lock(connection, rules)
            calls = (await granted.look(connection, rules)).calls
            for rule in rules:
                sum_ = calls.get(rule, {}).get(1, 0) + 1
                await granted.keep(connection, rule, {1: sum_}, ends_at=9.5)

    orders = (["a", "b", "c"], ["c", "a"], ["b", "c"], ["c", "b", "a"])
    await asyncio.gather(*(count(rules) for rules in orders * 5))
    known = await look(postgres, "a", "b", "c")
    assert known.calls == {"a": {1: 15}, "b": {1: 15}, "c": {1: 20}}


async def test_rules_of_which_nothing_counts_any_more_are_forgotten(postgres: Database) -> None:
    async with postgres.write() as connection:
        await granted.keep(connection, "old", {1: 1}, ends_at=10)
        await granted.keep(connection, "new", {1: 1}, ends_at=30)
        assert await granted.purge(connection, before=20) == 1
    assert set((await look(postgres, "old", "new")).calls) == {"new"}
