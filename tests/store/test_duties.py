import asyncio

from store import duties
from store.engine import Database


async def acquire(database: Database, owner: str, now: float, name: str = "sweep") -> int | None:
    async with database.write() as connection:
        return await duties.acquire(connection, name, owner, now=now, lease_s=30)


async def test_one_has_a_duty_until_its_lease_ends(database: Database) -> None:
    assert await acquire(database, "a", 100) == 1
    assert await acquire(database, "b", 129.9) is None
    assert await acquire(database, "b", 100, "other") == 1
    assert await acquire(database, "b", 130) == 2
    assert await acquire(database, "a", 131) is None


async def test_the_epoch_grows_with_each_owner_and_not_with_a_renewal(database: Database) -> None:
    assert await acquire(database, "a", 100) == 1
    assert await acquire(database, "a", 120) == 1
    assert await acquire(database, "b", 140) is None
    assert await acquire(database, "b", 150) == 2
    assert await acquire(database, "a", 200) == 3


async def test_of_many_who_ask_at_once_one_gets_it(database: Database) -> None:
    epochs = await asyncio.gather(*(acquire(database, f"p{n}", 100) for n in range(6)))
    assert [epoch for epoch in epochs if epoch is not None] == [1]


async def test_whoever_was_taken_over_does_not_hold_it(database: Database) -> None:
    await acquire(database, "a", 100)
    async with database.write() as connection:
        assert await duties.holds(connection, "sweep", "a", 1, 129)
        assert not await duties.holds(connection, "sweep", "a", 1, 130)
        assert not await duties.holds(connection, "sweep", "b", 1, 129)
    await acquire(database, "b", 131)
    await acquire(database, "a", 170)
    async with database.write() as connection:
        assert not await duties.holds(connection, "sweep", "a", 1, 171)
        assert await duties.holds(connection, "sweep", "a", 3, 171)


async def test_what_is_taken_is_seen_without_asking_for_it(database: Database) -> None:
    await acquire(database, "a", 100)
    async with database.read() as connection:
        assert await duties.taken(connection, "sweep", "b", 129)
        assert not await duties.taken(connection, "sweep", "b", 130)
        assert not await duties.taken(connection, "sweep", "a", 110)
        assert not await duties.taken(connection, "other", "a", 110)


async def test_what_is_given_back_is_free_at_once(database: Database) -> None:
    await acquire(database, "a", 100)
    async with database.write() as connection:
        await duties.release(connection, "sweep", "b")  # not its own
    assert await acquire(database, "b", 101) is None
    async with database.write() as connection:
        await duties.release(connection, "sweep", "a")
    assert await acquire(database, "b", 101) == 2


async def test_the_position_is_the_next_ones_too_and_the_owners_to_change(
    database: Database,
) -> None:
    async with database.write() as connection:
        assert await duties.position(connection, "sweep") == 0
        assert not await duties.advance(connection, "sweep", "a", 1, 7)
    await acquire(database, "a", 100)
    async with database.write() as connection:
        assert await duties.advance(connection, "sweep", "a", 1, 7)
    await acquire(database, "b", 131)
    async with database.write() as connection:
        assert not await duties.advance(connection, "sweep", "a", 1, 9)
        assert await duties.position(connection, "sweep") == 7
        assert await duties.advance(connection, "sweep", "b", 2, 8)
        assert await duties.position(connection, "sweep") == 8


async def test_it_is_known_until_when_a_duty_is_kept(database: Database) -> None:
    async with database.write() as connection:
        assert await duties.kept_until(connection, "sweep") == 0
        await duties.acquire(connection, "sweep", "a", now=100, lease_s=30)
        assert await duties.kept_until(connection, "sweep") == 130
