from store import duties
from store.engine import Database
from store.leader import Leader


class Time:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def leader(database: Database, owner: str, clock: Time) -> Leader:
    return Leader(database, "sweep", owner, lease_s=30, clock=clock)


async def test_one_leads_and_keeps_leading_while_it_asks(database: Database) -> None:
    clock = Time()
    first, second = leader(database, "a", clock), leader(database, "b", clock)
    for _ in range(5):
        assert (await first.term(), await second.term()) == (1, None)
        clock.now += 25


async def test_another_leads_when_the_first_is_silent(database: Database) -> None:
    clock = Time()
    first, second = leader(database, "a", clock), leader(database, "b", clock)
    assert await first.term() == 1
    clock.now += 30
    assert await second.term() == 2
    assert await first.term() is None


async def test_a_lease_is_not_written_each_time(database: Database) -> None:
    clock = Time()
    first = leader(database, "a", clock)
    assert await first.term() == 1
    async with database.write() as connection:
        await duties.release(connection, "sweep", "a")
    clock.now += 9
    assert await first.term() == 1
    async with database.write() as connection:
        assert not await duties.holds(connection, "sweep", "a", 1, clock.now)
    clock.now += 2
    assert await first.term() == 1
    async with database.write() as connection:
        assert await duties.holds(connection, "sweep", "a", 1, clock.now)


async def test_who_resigns_leaves_the_duty_to_the_next_at_once(database: Database) -> None:
    clock = Time()
    first, second = leader(database, "a", clock), leader(database, "b", clock)
    await first.term()
    await second.resign()  # it has nothing to give
    assert await second.term() is None
    await first.resign()
    assert await second.term() == 2
