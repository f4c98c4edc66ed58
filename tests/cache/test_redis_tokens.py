from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from accounts.master_key import Sealer
from cache.connecting import open_redis
from cache.keys import Keys
from cache.nodes import SingleNode
from cache.redis import RedisAway, RedisLink
from cache.redis_tokens import FallbackTokenStore, RedisTokenStore
from cache.settings import RedisSettings
from cache.stats import CacheStatistics
from cache.tokens import AccessToken, MemoryTokenStore
from core.metrics import Metrics
from tests.cache.conftest import Time
from tests.conftest import RedisServer

APP = "wx5a4db0c0ffee0001"
KEYS = Keys("test")
SEALER = Sealer(b"k" * 32)


def shared_store(link: RedisLink, time: Time, sealer: Sealer = SEALER) -> RedisTokenStore:
    return RedisTokenStore(link, KEYS, sealer, CacheStatistics(Metrics()).register, clock=time)


def token(time: Time, value: str, epoch: int) -> AccessToken:
    return AccessToken(value, time.now + 7_200, epoch, "cold", time.now)


async def test_redis_holds_no_token_in_the_clear(redis: Redis, link: RedisLink, time: Time) -> None:
    await shared_store(link, time).put(APP, token(time, "92_canary", 3))
    raw = await redis.get(KEYS.token(APP))
    assert raw is not None
    assert b"92_canary" not in raw
    assert b"OTJfY2FuYXJ5" not in raw  # the same in base64


@pytest.mark.parametrize(
    "garbage", [b"", b"x", b"7", b"7:", b"7:%%%", b"seven:AAAA", b"7:" + b"A" * 80, b"\x80\x04."]
)
async def test_a_damaged_value_counts_as_none_and_is_replaced(
    redis: Redis, link: RedisLink, time: Time, garbage: bytes
) -> None:
    store = shared_store(link, time)
    await redis.set(KEYS.token(APP), garbage, px=60_000)
    assert await store.get(APP) is None
    assert await store.put(APP, token(time, "good", 1_000_000_000_000))
    found = await store.get(APP)
    assert found is not None
    assert found.value == "good"


@pytest.mark.parametrize("spoilt", ["list", "epoch"])
async def test_what_can_never_be_beaten_counts_as_none_and_is_replaced(
    redis: Redis, link: RedisLink, time: Time, spoilt: str
) -> None:
    store = shared_store(link, time)
    for name in (KEYS.token(APP), KEYS.token_epoch(APP), KEYS.token_lease(APP)):
        if spoilt == "list":
            await redis.rpush(name, "x")
        else:
            await redis.set(name, ("9" * 20) + ("" if "epoch" in name else ":AAAA"))
    assert await store.get(APP) is None
    lease = await store.acquire(APP, ttl_s=10, above=0)
    assert lease is not None
    assert lease.epoch < 10_000_000_000_000
    assert await store.put(APP, token(time, "good", lease.epoch))
    found = await store.get(APP)
    assert found is not None
    assert found.value == "good"
    await store.release(APP, lease)
    assert (link.up, link.errors) == (True, 0)


async def test_a_value_moved_to_another_account_is_not_accepted(
    redis: Redis, link: RedisLink, time: Time
) -> None:
    store = shared_store(link, time)
    await store.put(APP, token(time, "mine", 1))
    raw = await redis.get(KEYS.token(APP))
    assert raw is not None
    await redis.set(KEYS.token("wx5a4db0c0ffee0002"), raw, px=60_000)
    assert await store.get("wx5a4db0c0ffee0002") is None


async def test_replicas_without_the_master_key_see_no_token(link: RedisLink, time: Time) -> None:
    await shared_store(link, time).put(APP, token(time, "mine", 1))
    assert await shared_store(link, time, Sealer(b"x" * 32)).get(APP) is None


async def test_the_life_left_is_redis_own_whatever_this_clock_says(
    link: RedisLink, time: Time
) -> None:
    await shared_store(link, time).put(APP, token(time, "mine", 1))
    five_minutes_ahead = Time(time.now + 300)
    found = await shared_store(link, five_minutes_ahead).get(APP)
    assert found is not None
    assert found.expires_at - five_minutes_ahead.now == pytest.approx(7_200, abs=5)


class Both:
    """A fallback store over a Redis that can be killed."""

    def __init__(self, server: RedisServer, redis: Redis, time: Time) -> None:
        self.server = server
        self.monotonic = Time(0)
        self.link = RedisLink(SingleNode(redis), monotonic=self.monotonic)
        self.shared = shared_store(self.link, time)
        self.local = MemoryTokenStore(CacheStatistics(Metrics()).register, clock=time)
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
    with pytest.raises(RedisAway):
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
