"""What every ResponseStore does, and what memory alone does."""

import math
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from accounts.master_key import Sealer
from cache.keys import Keys
from cache.redis import RedisLink
from cache.redis_responses import FallbackResponses, RedisResponses
from cache.responses import ANY_FAMILY, MemoryResponses, Place, ResponseStore, StoredResponse
from cache.stats import CacheStatistics
from core.metrics import Metrics
from core.tasks import TaskSet
from tests.cache.conftest import Time, link_for

APP, OTHER = "wx0000000000000001", "wx0000000000000002"
MENU = Place(APP, "menu", "a" * 64)
TAGS = Place(APP, "user", "b" * 64)
ANSWER = StoredResponse(((b"content-type", b"application/json"),), b'{"menu":{}}', 60)


@pytest.fixture
def statistics() -> CacheStatistics:
    return CacheStatistics(Metrics())


def memory(statistics: CacheStatistics, **changes: Any) -> MemoryResponses:
    bounds = {"max_bytes": 4_000_000, "account_bytes": 1_000_000, **changes}
    return MemoryResponses(statistics.register, **bounds)


@pytest.fixture
async def tasks() -> AsyncIterator[TaskSet]:
    tasks = TaskSet()
    yield tasks
    await tasks.aclose()


@pytest.fixture(params=["memory", "redis", "fallback", "cluster"])
def store(
    request: pytest.FixtureRequest, statistics: CacheStatistics, tasks: TaskSet
) -> ResponseStore:
    local = memory(statistics)
    if request.param == "memory":
        return local
    shared = RedisResponses(
        *(link_for(request), Keys("t"), Sealer(b"0" * 32), statistics.register),
        account_bytes=1_000_000,
    )
    return FallbackResponses(shared, local, tasks) if request.param == "fallback" else shared


async def fill(store: ResponseStore, place: Place, answer: StoredResponse = ANSWER) -> bool:
    return await store.put(place, (await store.find(place)).generation, answer)


async def holds(store: ResponseStore, place: Place) -> bool:
    return (await store.find(place)).response is not None


async def test_an_answer_comes_back_as_it_was(store: ResponseStore) -> None:
    assert not await holds(store, MENU)
    assert await fill(store, MENU)
    found = await store.find(MENU)
    assert found.response == ANSWER
    assert 0 <= found.age_s < ANSWER.life_s
    assert not await holds(store, TAGS)
    assert not await holds(store, MENU._replace(app_id=OTHER))


async def test_a_write_outdates_its_family_alone(store: ResponseStore) -> None:
    for place in (MENU, TAGS, MENU._replace(app_id=OTHER)):
        assert await fill(store, place)
    await store.outdate(APP, "menu")
    assert not await holds(store, MENU)
    assert await holds(store, TAGS)
    assert await holds(store, MENU._replace(app_id=OTHER))
    assert await fill(store, MENU)
    assert await holds(store, MENU)


async def test_an_unknown_write_outdates_all_of_the_account(store: ResponseStore) -> None:
    for place in (MENU, TAGS, MENU._replace(app_id=OTHER)):
        assert await fill(store, place)
    await store.outdate(APP, ANY_FAMILY)
    assert not await holds(store, MENU)
    assert not await holds(store, TAGS)
    assert await holds(store, MENU._replace(app_id=OTHER))


async def test_a_fill_that_began_before_a_write_does_not_land(store: ResponseStore) -> None:
    generation = (await store.find(MENU)).generation
    await store.outdate(APP, "menu")
    assert not await store.put(MENU, generation, ANSWER)
    assert not await holds(store, MENU)


async def test_clearing_forgets_one_account_and_the_fills_under_way(store: ResponseStore) -> None:
    generation = (await store.find(MENU)).generation
    assert await fill(store, TAGS)
    assert await fill(store, MENU._replace(app_id=OTHER))
    await store.clear(APP)
    assert not await holds(store, TAGS)
    assert not await store.put(MENU, generation, ANSWER)
    assert await holds(store, MENU._replace(app_id=OTHER))


async def test_one_account_has_its_share_and_no_more(
    store: ResponseStore, statistics: CacheStatistics
) -> None:
    assert await fill(store, MENU._replace(app_id=OTHER))
    large = StoredResponse((), b"x" * 200_000, 60)
    places = [Place(APP, "menu", f"{at:064x}") for at in range(20)]
    for place in places:
        assert await fill(store, place, large)
    kept = [place for place in places if await holds(store, place)]
    assert 3 <= len(kept) <= 5
    assert places[-1] in kept
    assert await holds(store, MENU._replace(app_id=OTHER))
    counts = [cache["accounts"].get(APP, {}) for cache in statistics.snapshot()["caches"]]
    assert sum(count.get("evictions", 0) for count in counts) == 20 - len(kept)


async def test_what_is_larger_than_the_share_is_not_kept(store: ResponseStore) -> None:
    assert not await fill(store, MENU, StoredResponse((), b"x" * 1_100_000, 60))
    assert not await holds(store, MENU)


async def test_memory_lets_the_account_that_takes_most_give_way(
    statistics: CacheStatistics,
) -> None:
    store = memory(statistics, max_bytes=1_000_000)
    small = MENU._replace(app_id=OTHER)
    assert await fill(store, small)
    for at in range(20):
        assert await fill(
            store, Place(APP, "menu", f"{at:064x}"), StoredResponse((), b"x" * 99_000, 60)
        )
    assert await holds(store, small)
    filled = store._fill()
    assert filled.bytes is not None
    assert filled.bytes <= 1_000_000 == filled.capacity


@pytest.mark.parametrize(("life_s", "max_life_s"), [(60, math.inf), (9_000, 60)])
async def test_memory_lets_answers_expire(
    statistics: CacheStatistics, *, life_s: float, max_life_s: float
) -> None:
    time = Time(0)
    store = memory(statistics, max_life_s=max_life_s, monotonic=time)
    await fill(store, MENU, StoredResponse((), b"{}", life_s))
    time.now = 59.0
    assert (await store.find(MENU)).age_s == 59.0
    time.now = 60.0
    assert not await holds(store, MENU)
    assert store._fill().entries == 0


async def test_redis_is_asked_one_command_a_look_up(redis: Redis, link: RedisLink) -> None:
    statistics = CacheStatistics(Metrics())
    store = RedisResponses(
        link, Keys("t"), Sealer(b"0" * 32), statistics.register, account_bytes=1_000_000
    )
    assert await fill(store, MENU)
    before = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert await holds(store, MENU)
    after = await redis.info("commandstats")
    assert after["cmdstat_evalsha"]["calls"] == before + 1
    assert "cmdstat_script|load" not in after
