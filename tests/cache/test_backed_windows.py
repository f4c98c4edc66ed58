"""Gateways on a real Redis that is taken from them, and grants that are not."""

import random

import pytest
from redis.asyncio import Redis

from tests.cache.backed import TEN, Opens, admitted
from tests.cache.conftest import Time
from tests.cache.grants import OwnGrants
from tests.cache.windows import most_in_a_window
from tests.conftest import RedisServer


async def test_while_redis_is_there_it_decides(
    opened: Opens, grants: OwnGrants, time: Time
) -> None:
    first, second = opened(), opened()
    await admitted(first, 1)
    time.now += 70  # from now on Redis knows of a whole period
    assert await admitted(first, 4) == 4
    assert await admitted(second) == 6
    verdict = await first.hit(TEN)
    assert (verdict.wait_s, verdict.tightest and verdict.tightest.remaining) == (60, 0)
    assert await first.hit([]) == (None, 0.0)
    assert grants.granted(TEN[0]) >= 10  # an upper bound


async def test_without_redis_all_of_them_together_keep_to_the_rate(
    opened: Opens, redis_server: RedisServer
) -> None:
    first, second = opened(), opened()
    assert await admitted(first, 3) == 3
    redis_server.kill()
    assert await admitted(second, 5) == 5  # more than a share, since nobody else calls
    assert await admitted(first) == 2
    assert await admitted(opened()) == 0  # it has just been started, and knows all the same


async def test_what_a_killed_gateway_let_through_counts_for_its_successor(
    opened: Opens, redis_server: RedisServer
) -> None:
    assert await admitted(opened(), 9) == 9
    redis_server.kill()
    redis_server.start()  # empty
    redis_server.kill()
    assert await admitted(opened()) == 1


async def test_a_redis_that_came_back_empty_is_not_believed(
    opened: Opens, redis_server: RedisServer, time: Time
) -> None:
    first, second = opened(), opened()
    assert await admitted(first, 6) == 6
    redis_server.kill()
    assert await admitted(first, 1) == 1
    redis_server.start()
    assert await admitted(second) == 3
    time.now += 3  # past the breaker's pause
    assert await admitted(first) == 0


async def test_a_redis_that_lost_all_without_anybody_noticing_is_found_out(
    opened: Opens, redis: Redis
) -> None:
    windows = opened()
    assert await admitted(windows, 8) == 8
    await redis.flushall()
    assert await admitted(windows) == 2


async def test_once_the_calls_without_redis_are_over_it_decides_again(
    opened: Opens, redis_server: RedisServer, grants: OwnGrants, time: Time
) -> None:
    windows = opened()
    redis_server.kill()
    assert await admitted(windows, 6) == 6
    redis_server.start()
    time.now += 70
    assert await admitted(windows) == 9  # of one Redis hears only now
    time.now += 70
    asked = len(grants.asked)
    assert await admitted(windows) == 10
    assert {ask.strict for asks in grants.asked[asked:] for ask in asks} == {False}


async def test_without_grants_redis_is_trusted_and_its_calls_are_granted_later(
    opened: Opens, redis_server: RedisServer, grants: OwnGrants
) -> None:
    first, second = opened(), opened()
    grants.away = True
    assert await admitted(first, 7) == 7
    grants.away = False
    assert await admitted(first, 1) == 1  # brings what is owed
    redis_server.kill()
    assert await admitted(second) == 2


async def test_without_redis_and_grants_each_has_its_share(
    opened: Opens, redis_server: RedisServer, grants: OwnGrants
) -> None:
    windows = opened()
    windows._shared.gateways = 2
    redis_server.kill()
    grants.away = True
    assert await admitted(windows) == 5
    assert (windows.shared, windows.gateways) == (False, 2)


async def test_what_was_let_through_without_redis_shows_and_can_be_cleared(
    opened: Opens, redis_server: RedisServer, grants: OwnGrants
) -> None:
    windows = opened()
    redis_server.kill()
    assert await admitted(windows) == 10
    assert (await windows.look(TEN))[0].used == 10
    await windows.clear(TEN)
    assert await admitted(windows) == 10
    grants.away = True
    await windows.clear(TEN)  # as far as anybody answers


@pytest.mark.parametrize("seed", range(6))
async def test_no_minute_holds_more_whatever_is_killed(
    opened: Opens, redis_server: RedisServer, time: Time, seed: int
) -> None:
    """Three gateways, of which some die, and a Redis that comes back empty, for ten minutes."""
    chance = random.Random(seed)
    gateways, up, calls = [opened() for _ in range(3)], True, list[float]()
    for _ in range(1_200):
        time.now += chance.expovariate(2)
        if chance.random() < 0.02:
            (redis_server.kill if up else redis_server.start)()
            up = not up
        if chance.random() < 0.02:
            gateways[chance.randrange(3)] = opened()
        if not (await chance.choice(gateways).hit(TEN)).wait_s:
            calls.append(time.now)
    assert most_in_a_window(calls, 60) == 10
    assert len(calls) > 70
