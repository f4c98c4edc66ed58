import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from cache.connecting import open_redis
from cache.counters import DailyCounters, MemoryCounters, SharedCounters
from cache.keys import Keys
from cache.nodes import SingleNode
from cache.redis import RedisLink
from cache.settings import RedisSettings
from tests.cache.conftest import Time, link_for
from tests.conftest import RedisServer

APP, PATH = "wx5a4db0c0ffee0001", "/cgi-bin/draft/add"
DAY, NEXT_DAY, THIRD_DAY = "2026-11-22", "2026-11-23", "2026-11-24"


@pytest.fixture(params=["memory", "redis", "cluster"])
def counters(request: pytest.FixtureRequest) -> DailyCounters:
    if request.param == "memory":
        return MemoryCounters()
    return SharedCounters(link_for(request), Keys("test"))


def test_counts_are_kept_apart_by_account_name_and_day(counters: DailyCounters) -> None:
    assert counters.add(APP, PATH, DAY) == 1
    assert counters.add(APP, PATH, DAY, 4) == 5
    assert counters.get(APP, PATH, DAY) == 5
    assert counters.get(APP, PATH, NEXT_DAY) == 0
    assert counters.get(APP, "/other", DAY) == 0
    assert counters.get("wx5a4db0c0ffee0002", PATH, DAY) == 0


def test_clearing_takes_one_account_and_day(counters: DailyCounters) -> None:
    counters.add(APP, PATH, DAY)
    counters.add("other", PATH, DAY)
    counters.clear(APP, DAY)
    assert counters.get(APP, PATH, DAY) == 0
    assert counters.get("other", PATH, DAY) == 1


async def test_what_was_counted_is_told_by_name(counters: DailyCounters) -> None:
    counters.add(APP, PATH, DAY)
    if isinstance(counters, SharedCounters):
        await counters.flush()
    counters.add(APP, "/other", DAY)
    counters.add(APP, "/tomorrow", NEXT_DAY)
    assert counters.names(APP, DAY) == {PATH, "/other"}
    assert counters.names("other", DAY) == set()


def test_two_days_are_kept() -> None:
    counters = MemoryCounters()
    for day in (DAY, NEXT_DAY, THIRD_DAY):
        counters.add(APP, PATH, day)
    assert [counters.get(APP, PATH, day) for day in (DAY, NEXT_DAY, THIRD_DAY)] == [0, 1, 1]


async def test_replicas_see_each_others_counts(link: RedisLink) -> None:
    one, two = SharedCounters(link, Keys("test")), SharedCounters(link, Keys("test"))
    one.add(APP, PATH, DAY, 3)
    two.add(APP, PATH, DAY, 4)
    await one.flush()
    await two.flush()
    assert two.get(APP, PATH, DAY) == 7
    one.add(APP, PATH, DAY)
    await one.flush()
    assert one.get(APP, PATH, DAY) == 8


async def test_an_idle_replica_learns_too(link: RedisLink) -> None:
    busy, idle = SharedCounters(link, Keys("test")), SharedCounters(link, Keys("test"))
    assert idle.get(APP, PATH, DAY) == 0
    busy.add(APP, PATH, DAY, 3)
    await busy.flush()
    for _ in range(10):
        await idle.flush()
    assert idle.get(APP, PATH, DAY) == 3


async def test_clearing_reaches_the_other_replicas(link: RedisLink) -> None:
    one, two = SharedCounters(link, Keys("test")), SharedCounters(link, Keys("test"))
    one.add(APP, PATH, DAY, 3)
    await one.flush()
    one.clear(APP, DAY)
    one.add(APP, PATH, DAY)
    await one.flush()
    assert one.get(APP, PATH, DAY) == 1
    await two.flush()
    two.add(APP, PATH, DAY)
    await two.flush()
    assert two.get(APP, PATH, DAY) == 2


async def test_redis_forgets_after_two_days(link: RedisLink, redis: Redis) -> None:
    counters = SharedCounters(link, Keys("test"))
    counters.add(APP, PATH, DAY)
    await counters.flush()
    assert 0 < await redis.ttl(Keys("test").calls(APP, DAY)) <= 2 * 86_400


@pytest.fixture
async def fragile(redis_server: RedisServer) -> AsyncIterator[Callable[[Time], SharedCounters]]:
    client = open_redis(RedisSettings(url=SecretStr(redis_server.url)))
    yield lambda monotonic: SharedCounters(
        RedisLink(SingleNode(client), monotonic=monotonic), Keys("test")
    )
    await client.aclose()


async def test_what_was_counted_while_redis_was_known_to_be_away_is_added_later(
    redis_server: RedisServer, fragile: Callable[[Time], SharedCounters]
) -> None:
    monotonic = Time(0)
    counters = fragile(monotonic)
    redis_server.kill()
    for _ in range(5):  # until the breaker opens
        counters.add(APP, PATH, DAY)
        await counters.flush()
    counters.add(APP, PATH, DAY, 10)
    await counters.flush()
    assert counters.get(APP, PATH, DAY) == 15
    redis_server.start()
    monotonic.now = 2.1
    await counters.flush()
    # The five may have been written as far as anybody can tell: they are not written twice.
    assert counters.get(APP, PATH, DAY) == 10


async def test_flushing_goes_on_by_itself_and_once_more_at_the_end(
    link: RedisLink, redis: Redis
) -> None:
    async with SharedCounters(link, Keys("test")) as counters:
        counters.add(APP, PATH, DAY, 2)
    assert await redis.hget(Keys("test").calls(APP, DAY), PATH) == b"2"


async def test_a_field_that_is_no_count_leaves_the_others_alone(
    redis: Redis, link: RedisLink
) -> None:
    counters = SharedCounters(link, Keys("test"))
    await redis.hset(Keys("test").calls(APP, DAY), mapping={b"\xff": b"1", b"/x": b"garbage"})
    counters.add(APP, PATH, DAY)
    await counters.flush()
    assert (counters.get(APP, PATH, DAY), counters.get(APP, "/x", DAY)) == (1, 0)


@pytest.mark.parametrize("spoilt", ["field", "key"])
async def test_a_spoilt_key_is_begun_anew_with_all_that_is_known(
    redis: Redis, link: RedisLink, spoilt: str
) -> None:
    key = Keys("test").calls(APP, DAY)
    counters = SharedCounters(link, Keys("test"))
    counters.add(APP, PATH, DAY, 3)
    await counters.flush()
    if spoilt == "key":
        await redis.set(key, "x")
    else:
        await redis.hset(key, PATH, "x")
    counters.add(APP, PATH, DAY, 2)
    for _ in range(2):
        await counters.flush()
        assert counters.get(APP, PATH, DAY) == 5
    assert await redis.hgetall(key) == {PATH.encode(): b"5"}
    assert link.up


async def test_no_failure_ends_the_flushing(
    redis: Redis, link: RedisLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cache.counters._FLUSH_S", 0.001)
    flushes = 0
    flush = SharedCounters.flush

    async def fail_once(self: SharedCounters) -> None:
        nonlocal flushes
        flushes += 1
        if flushes == 1:
            raise RuntimeError("a fault of ours")
        await flush(self)

    monkeypatch.setattr(SharedCounters, "flush", fail_once)
    async with SharedCounters(link, Keys("test")) as counters:
        counters.add(APP, PATH, DAY)
        while not await redis.exists(Keys("test").calls(APP, DAY)):
            await asyncio.sleep(0.001)
    assert flushes >= 2
