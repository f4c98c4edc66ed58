from typing import Any

import pytest
from pydantic import SecretStr

from cache.connecting import open_redis
from cache.nodes import SingleNode
from cache.redis import RedisLink
from cache.settings import RedisSettings
from server.redis_probe import RedisAwayError, examine_redis, judge

WELL: dict[str, Any] = {"redis_version": "7.0.15", "maxmemory": 0, "maxmemory_policy": "noeviction"}


@pytest.mark.parametrize(
    ("change", "off_s", "latency_ms", "status", "word"),
    [
        ({}, 0, 1, "ok", "7.0.15"),
        ({"redis_version": "6.2.0"}, 0, 1, "ok", "6.2"),
        ({"redis_version": "6.0.16"}, 0, 1, "fail", "too old"),
        ({"maxmemory": 1, "maxmemory_policy": "allkeys-lru"}, 0, 1, "warn", "allkeys-lru"),
        ({"maxmemory_policy": "allkeys-lru"}, 0, 1, "ok", ""),
        ({"maxmemory": 1, "maxmemory_policy": "volatile-ttl"}, 0, 1, "ok", ""),
        ({}, 300, 1, "warn", "300 s"),
        ({}, 0, 80, "warn", "80 ms"),
    ],
)
def test_redis_is_judged_by_what_it_says(
    change: dict[str, Any], off_s: float, latency_ms: float, status: str, word: str
) -> None:
    found = judge({**WELL, **change}, off_s=off_s, latency_ms=latency_ms)
    assert found.status == status
    assert word in found.found.en
    assert (found.fix is None) == (status == "ok")


def test_a_redis_that_hides_which_run_it_is_is_told_of() -> None:
    found = judge({}, off_s=0, latency_ms=1)
    assert found.status == "warn"
    assert found.fix is not None
    assert "+info" in found.fix.en


async def test_a_real_redis_tells_its_version_and_eviction(redis_url: str) -> None:
    redis = open_redis(RedisSettings(url=SecretStr(redis_url)))
    link = RedisLink(SingleNode(redis))
    # Latency is a matter of this machine's load, and so is left open.
    assert (await examine_redis(link)).status in ("ok", "warn")
    policy = {"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"}
    for name, value in policy.items():
        await redis.config_set(name, value)
    try:
        assert "allkeys-lru" in (await examine_redis(link)).found.en
    finally:
        await redis.config_set("maxmemory", "0")
        await redis.config_set("maxmemory-policy", "noeviction")
        await redis.aclose()


async def test_a_redis_that_is_away_is_told(unused_port: int) -> None:
    redis = open_redis(RedisSettings(url=SecretStr(f"redis://127.0.0.1:{unused_port}/0")))
    with pytest.raises(RedisAwayError):
        await examine_redis(RedisLink(SingleNode(redis)))
    await redis.aclose()


async def test_without_a_redis_memory_is_used() -> None:
    assert (await examine_redis(None)).status == "ok"
