"""Redis, or this process' own memory while it is away."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from accounts.master_key import Sealer
from cache.connecting import open_redis
from cache.fallback_tokens import FallbackTokenStore
from cache.keys import Keys
from cache.nodes import SingleNode
from cache.redis import RedisLink
from cache.redis_tokens import RedisTokenStore
from cache.settings import RedisSettings
from cache.stats import CacheStatistics
from cache.tokens import AccessToken, MemoryTokenStore, TokensAway
from core.metrics import Metrics
from tests.cache.conftest import Time
from tests.conftest import RedisServer

APP = "wx5a4db0c0ffee0001"


def token(time: Time, value: str, epoch: int) -> AccessToken:
    return AccessToken(value, time.now + 7_200, epoch, "cold", time.now)


class Both:
    """A fallback store over a Redis that can be killed."""

    def __init__(self, server: RedisServer, redis: Redis, time: Time) -> None:
        self.server = server
        self.monotonic = Time(0)
        self.link = RedisLink(SingleNode(redis), monotonic=self.monotonic)
        register = CacheStatistics(Metrics()).register
        self.shared = RedisTokenStore(
            self.link, Keys("test"), Sealer(b"k" * 32), register, clock=time
        )
        self.local = MemoryTokenStore(register, clock=time)
        self.store = FallbackTokenStore(self.shared, self.local)

    def come_back(self) -> None:
        self.server.start()
        self.monotonic.now += 2.1


@pytest.fixture
async def both(redis_server: RedisServer, time: Time) -> AsyncIterator[Both]:
    client = open_redis(RedisSettings(url=SecretStr(redis_server.url)))
    yield Both(redis_server, client, time)
    await client.aclose()


async def test_an_outage_starts_warm_and_nothing_raises(both: Both, time: Time) -> None:
    await both.shared.put(APP, token(time, "of another replica", 5))
    assert await both.store.get(APP) is not None
    both.server.kill()
    for _ in range(7):
        found = await both.store.get(APP)
        assert found is not None
        assert found.value == "of another replica"
    with pytest.raises(TokensAway):
        await both.shared.get(APP)
    lease = await both.store.acquire(APP, ttl_s=5, above=5)
    assert lease is not None
    assert lease.epoch > 5
    assert await both.store.put(APP, token(time, "fetched alone", lease.epoch))
    await both.store.release(APP, lease)
    assert await both.store.acquire(APP, ttl_s=5, above=0) is not None


async def test_a_redis_that_comes_back_empty_is_given_the_token(both: Both, time: Time) -> None:
    await both.store.put(APP, token(time, "survivor", 5))
    both.server.kill()
    await both.store.get(APP)
    both.come_back()
    found = await both.store.get(APP)
    assert found is not None
    assert found.value == "survivor"
    shared = await both.shared.get(APP)
    assert shared is not None
    assert shared.value == "survivor"


async def test_after_an_outage_the_higher_epoch_wins_on_both_sides(both: Both, time: Time) -> None:
    await both.local.put(APP, token(time, "older", 5))
    await both.shared.put(APP, token(time, "newer", 6))
    found = await both.store.get(APP)
    assert found is not None
    assert found.value == "newer"
    local = await both.local.get(APP)
    assert local is not None
    assert local.value == "newer"

    await both.local.put(APP, token(time, "newest", 7))
    found = await both.store.get(APP)
    assert found is not None
    assert found.value == "newest"
    shared = await both.shared.get(APP)
    assert shared is not None
    assert shared.value == "newest"


async def test_epochs_grow_even_when_redis_lost_its_own(both: Both, time: Time) -> None:
    far_ahead = 9_000_000_000_000
    await both.store.put(APP, token(time, "from a clock far ahead", far_ahead))
    both.server.kill()
    both.server.start()
    lease = await both.store.acquire(APP, ttl_s=5, above=far_ahead)
    assert lease is not None
    assert await both.store.put(APP, token(time, "next", lease.epoch))
