import asyncio
from collections.abc import Callable

import pytest
from redis.asyncio import Redis

from cache.keys import Keys
from cache.nodes import SingleNode
from cache.nonces import MemoryNonces, NoncesFull, NonceStore, RedisNonces
from cache.redis import RedisAway, RedisLink
from cache.stats import CacheStatistics
from core.metrics import Metrics
from tests.cache.conftest import Time, link_for
from tests.conftest import RedisServer

LIFE_S = 300
KEYS = Keys("test")
Make = Callable[[Time], NonceStore]


def statistics() -> CacheStatistics:
    return CacheStatistics(Metrics())


@pytest.fixture(params=["memory", "redis", "cluster"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "memory":
        return lambda time: MemoryNonces(LIFE_S, statistics().register, clock=time)
    link = link_for(request)
    return lambda time: RedisNonces(link, KEYS, LIFE_S, statistics().register, clock=time)


@pytest.fixture
async def store(make: Make, time: Time) -> NonceStore:
    """A store that was born a minute ago."""
    made = make(time)
    await made.take("nobody", "n", 0)
    time.now += 60
    return made


async def test_a_nonce_is_fresh_once(store: NonceStore, time: Time) -> None:
    created = int(time.now)
    assert await store.take("blog", "n1", created) == "fresh"
    assert await store.take("blog", "n1", created) == "replay"
    assert await store.take("blog", "n1", created + 5) == "replay"
    assert await store.take("blog", "n2", created) == "fresh"
    assert await store.take("reader", "n1", created) == "fresh"


async def test_of_many_at_once_one_wins(store: NonceStore, time: Time) -> None:
    created = int(time.now)
    verdicts = await asyncio.gather(*(store.take("blog", "n", created) for _ in range(30)))
    assert sorted(verdicts) == ["fresh"] + ["replay"] * 29


async def test_what_was_signed_before_the_store_was_born_is_stale(make: Make, time: Time) -> None:
    time.now = 1_795_300_000.5
    store = make(time)
    born = int(time.now)
    assert await store.take("blog", "n1", born - 10) == "stale"
    assert await store.take("blog", "n2", born) == "stale"  # in the very second
    assert await store.take("blog", "n3", born + 1) == "fresh"
    time.now += 100
    assert await store.take("blog", "n4", born) == "stale"


async def test_a_nonce_is_forgotten_only_when_its_request_is_too_old(time: Time) -> None:
    store = MemoryNonces(LIFE_S, statistics().register, clock=time)
    created = int(time.now) + 200  # by a clock that is ahead
    assert await store.take("blog", "n", created) == "fresh"
    time.now = created + LIFE_S
    assert await store.take("blog", "n", created) == "replay"
    time.now += 1
    assert await store.take("blog", "other", int(time.now)) == "fresh"
    time.now -= 100  # the clock is set back, and the old request is young again
    assert await store.take("blog", "n", created) == "stale"


async def test_a_full_memory_lets_nothing_in_until_there_is_room(time: Time) -> None:
    made = statistics()
    store = MemoryNonces(LIFE_S, made.register, capacity=2, clock=time)
    time.now += 10
    for client in ("blog", "reader"):
        assert await store.take(client, "n1", int(time.now)) == "fresh"
    with pytest.raises(NoncesFull):
        await store.take("other", "n1", int(time.now))
    assert await store.take("blog", "n1", int(time.now)) == "replay"
    time.now += LIFE_S + 1
    assert await store.take("blog", "n3", int(time.now)) == "fresh"
    (cache,) = made.snapshot()["caches"]
    assert (cache["cache"], cache["entries"], cache["capacity"]) == ("nonce", 1, 2)
    counts = cache["accounts"]["blog"]
    assert (counts["sets"], counts["hits"], counts["expirations"]) == (2, 1, 2)
    assert cache["accounts"]["other"]["errors"] == 1


async def test_no_client_can_fill_the_memory_for_the_others(time: Time) -> None:
    store = MemoryNonces(LIFE_S, statistics().register, capacity=12, clock=time)
    time.now += 10
    for number in range(3):
        assert await store.take("greedy", f"n{number}", int(time.now)) == "fresh"
    with pytest.raises(NoncesFull):
        await store.take("greedy", "n3", int(time.now))
    assert await store.take("blog", "n", int(time.now)) == "fresh"
    time.now += LIFE_S + 1
    assert await store.take("greedy", "n3", int(time.now)) == "fresh"


async def test_redis_forgets_a_nonce_by_itself(link: RedisLink, redis: Redis, time: Time) -> None:
    store = RedisNonces(link, KEYS, LIFE_S, statistics().register, clock=time)
    await store.take("blog", "old", int(time.now) + 1)
    life_ms = await redis.pttl(KEYS.nonce("blog", "old"))
    assert LIFE_S * 1000 < life_ms <= (LIFE_S + 3) * 1000


async def test_one_birth_counts_for_all_replicas(link: RedisLink, time: Time) -> None:
    first = RedisNonces(link, KEYS, LIFE_S, statistics().register, clock=time)
    await first.take("blog", "n0", 0)
    time.now += 100
    second = RedisNonces(link, KEYS, LIFE_S, statistics().register, clock=time)
    assert await second.take("blog", "n", int(time.now) - 50) == "fresh"
    assert await first.take("blog", "n", int(time.now) - 50) == "replay"


async def test_a_server_that_lost_nonces_is_born_again(
    link: RedisLink, redis: Redis, time: Time
) -> None:
    """Restored from a snapshot, or failed over: the run is another one, some nonces are missing."""
    store = RedisNonces(link, KEYS, LIFE_S, statistics().register, clock=time)
    await store.take("blog", "n0", 0)
    time.now += 60
    created = int(time.now) - 5
    assert await store.take("blog", "n", created) == "fresh"
    await redis.delete(KEYS.nonce("blog", "n"))
    await redis.hset(KEYS.nonces_born(), "run", "0123456789abcdef")
    assert await store.take("blog", "n", created) == "stale"
    time.now += 2
    assert await store.take("blog", "n2", int(time.now)) == "fresh"


@pytest.mark.parametrize("born", [b"", b"nonsense", b"9e12"])
async def test_a_birth_that_cannot_be_ours_is_made_anew(
    link: RedisLink, redis: Redis, time: Time, born: bytes
) -> None:
    store = RedisNonces(link, KEYS, LIFE_S, statistics().register, clock=time)
    await store.take("blog", "n0", 0)
    await redis.hset(KEYS.nonces_born(), "born", born)
    assert await store.take("blog", "n1", int(time.now)) == "stale"
    assert await store.take("blog", "n2", int(time.now) + 2) == "fresh"


async def test_redis_away_is_told(redis_server: RedisServer, time: Time) -> None:
    from pydantic import SecretStr

    from cache.connecting import open_redis
    from cache.settings import RedisSettings

    client = open_redis(RedisSettings(url=SecretStr(redis_server.url)))
    made = statistics()
    store = RedisNonces(RedisLink(SingleNode(client)), KEYS, LIFE_S, made.register, clock=time)
    redis_server.kill()
    with pytest.raises(RedisAway):
        await store.take("blog", "n", int(time.now))
    assert made.snapshot()["caches"][0]["accounts"]["blog"]["errors"] == 1
    await client.aclose()
