import asyncio

from store import granted
from store.engine import Database


async def look(database: Database, *rules: str) -> granted.Moment:
    async with database.read() as connection:
        return await granted.look(connection, rules)


async def test_what_is_kept_is_found_and_can_be_cleared(postgres: Database) -> None:
    async with postgres.write() as connection:
        await granted.lock(connection, ["b", "a"])
        for calls in ({1: 2}, {1: 3, 70_000_000_000: 1}):
            await granted.keep(connection, "a", calls, ends_at=9.5)
    moment = await look(postgres, "a", "b")
    assert moment.calls == {"a": {1: 3, 70_000_000_000: 1}}
    assert moment.apart_s > 1e9  # nobody ever was
    async with postgres.write() as connection:
        await granted.clear(connection, ["a"])
    assert (await look(postgres, "a")).calls == {}


async def test_who_does_without_redis_tells_so_once_a_second(postgres: Database) -> None:
    told = []
    for _ in range(2):
        async with postgres.write() as connection:
            await granted.tell_apart(connection)
            told.append(await granted.look(connection, ["a"]))
    assert told[0].apart_s < 5
    assert told[1].now - told[1].apart_s == told[0].now - told[0].apart_s


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
    moment = await look(postgres, "a", "b", "c")
    assert moment.calls == {"a": {1: 15}, "b": {1: 15}, "c": {1: 20}}


async def test_rules_of_which_nothing_counts_any_more_are_forgotten(postgres: Database) -> None:
    async with postgres.write() as connection:
        await granted.keep(connection, "old", {1: 1}, ends_at=10)
        await granted.keep(connection, "new", {1: 1}, ends_at=30)
        assert await granted.purge(connection, before=20) == 1
    assert set((await look(postgres, "old", "new")).calls) == {"new"}
