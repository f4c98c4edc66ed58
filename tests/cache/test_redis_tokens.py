import pytest
from redis.asyncio import Redis

from accounts.master_key import Sealer
from cache.keys import Keys
from cache.redis import RedisLink
from cache.redis_tokens import RedisTokenStore
from cache.stats import CacheStatistics
from cache.tokens import AccessToken
from core.metrics import Metrics
from tests.cache.conftest import Time

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
