import asyncio

import pytest
from redis.asyncio import Redis

from accounts.master_key import Sealer
from cache.keys import Keys
from cache.redis import RedisAway, RedisLink
from cache.redis_responses import FallbackResponses, RedisResponses
from cache.responses import Found, MemoryResponses, Place, StoredResponse
from cache.stats import CacheStatistics
from core.metrics import Metrics
from core.tasks import TaskSet

APP = "wx0000000000000001"
MENU = Place(APP, "menu", "a" * 64)
ANSWER = StoredResponse(((b"content-type", b"application/json"),), b'{"ticket":"SECRET"}', 60)
KEYS = Keys("t")


@pytest.fixture
def statistics() -> CacheStatistics:
    return CacheStatistics(Metrics())


@pytest.fixture
def shared(link: RedisLink, statistics: CacheStatistics) -> RedisResponses:
    return replica(link, statistics)


def replica(link: RedisLink, statistics: CacheStatistics, key: bytes = b"0") -> RedisResponses:
    return RedisResponses(
        link, KEYS, Sealer(key * 32), statistics.register, account_bytes=1_000_000
    )


async def fill(store: RedisResponses, answer: StoredResponse = ANSWER) -> bool:
    return await store.put(MENU, (await store.find(MENU)).generation, answer)


async def test_replicas_share_answers_and_see_each_others_writes(
    link: RedisLink, shared: RedisResponses, statistics: CacheStatistics
) -> None:
    other = replica(link, statistics)
    assert await fill(shared)
    assert (await other.find(MENU)).response == ANSWER
    await other.outdate(APP, "menu")
    assert (await shared.find(MENU)).response is None


async def test_redis_alone_reveals_no_answer(redis: Redis, shared: RedisResponses) -> None:
    await fill(shared)
    for key in await redis.keys():
        assert b"SECRET" not in (await redis.dump(key) or b"")


async def test_answers_and_generations_expire_by_themselves(
    redis: Redis, shared: RedisResponses
) -> None:
    await fill(shared)
    for key in KEYS.responses(APP):
        assert 0 < await redis.pttl(key) <= 172_800_000
    await fill(shared, StoredResponse((), b"{}", 0.02))
    await asyncio.sleep(0.05)
    assert (await shared.find(MENU)).response is None


async def test_another_master_keys_answer_is_deleted_and_counts_as_a_miss(
    redis: Redis, link: RedisLink, shared: RedisResponses, statistics: CacheStatistics
) -> None:
    await fill(shared)
    other = replica(link, statistics, b"1")
    assert (await other.find(MENU)).response is None
    assert (await shared.find(MENU)).response is None
    assert not await redis.hexists(KEYS.responses(APP)[1], MENU.digest)


async def test_an_answer_moved_to_another_place_is_none(
    redis: Redis, shared: RedisResponses
) -> None:
    await fill(shared)
    _, values, ends = KEYS.responses(APP)
    moved = MENU._replace(digest="b" * 64)
    await redis.hset(values, moved.digest, await redis.hget(values, MENU.digest))
    end = await redis.zscore(ends, MENU.digest)
    assert end is not None
    await redis.zadd(ends, {moved.digest: end})
    assert (await shared.find(moved)).response is None


async def test_a_generation_that_was_lost_never_comes_back(
    redis: Redis, shared: RedisResponses
) -> None:
    await fill(shared)
    await redis.delete(KEYS.responses(APP)[0])
    assert (await shared.find(MENU)).response is None


class Flaky:
    """A shared store that a test takes away."""

    def __init__(self, store: RedisResponses) -> None:
        self._store = store
        self.away = False

    def _look(self) -> RedisResponses:
        if self.away:
            raise RedisAway(sent=False)
        return self._store

    async def find(self, place: Place) -> Found:
        return await self._look().find(place)

    async def put(self, place: Place, generation: str, response: StoredResponse) -> bool:
        return await self._look().put(place, generation, response)

    async def outdate(self, app_id: str, family: str) -> None:
        await self._look().outdate(app_id, family)

    async def clear(self, app_id: str) -> None:
        await self._look().clear(app_id)


@pytest.mark.parametrize("change", ["outdate", "clear"])
async def test_redis_is_told_of_writes_that_it_missed(
    shared: RedisResponses,
    statistics: CacheStatistics,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    monkeypatch.setattr("cache.redis_responses._SETTLE_S", 0.001)
    local = MemoryResponses(statistics.register, max_bytes=1_000_000, account_bytes=1_000_000)
    flaky, tasks = Flaky(shared), TaskSet()
    store = FallbackResponses(flaky, local, tasks)
    await fill(shared)
    assert (await store.find(MENU)).response == ANSWER
    flaky.away = True
    await (store.outdate(APP, "menu") if change == "outdate" else store.clear(APP))
    assert (await shared.find(MENU)).response == ANSWER
    flaky.away = False
    async with asyncio.timeout(5):
        while len(tasks):
            await asyncio.sleep(0.005)
    assert (await shared.find(MENU)).response is None


async def test_memory_answers_while_redis_is_away_and_its_fills_stay_there(
    shared: RedisResponses, statistics: CacheStatistics
) -> None:
    local = MemoryResponses(statistics.register, max_bytes=1_000_000, account_bytes=1_000_000)
    flaky, tasks = Flaky(shared), TaskSet()
    store = FallbackResponses(flaky, local, tasks)
    before = (await store.find(MENU)).generation
    flaky.away = True
    assert not await store.put(MENU, before, ANSWER)
    found = await store.find(MENU)
    assert await store.put(MENU, found.generation, ANSWER)
    assert (await store.find(MENU)).response == ANSWER
    flaky.away = False
    assert (await store.find(MENU)).response is None
    await tasks.aclose()
