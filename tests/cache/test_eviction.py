import asyncio

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from structlog.testing import capture_logs

from cache.connecting import open_redis
from cache.eviction import risky_policy, warn_of_eviction
from cache.nodes import SingleNode
from cache.redis import RedisLink
from cache.settings import RedisSettings
from core.tasks import TaskSet
from tests.redises import RedisServer


@pytest.mark.parametrize(
    ("policy", "risky"),
    [("noeviction", False), ("volatile-lru", False), ("volatile-ttl", True), ("allkeys-lru", True)],
)
async def test_a_policy_that_may_drop_nonces_is_named(
    redis: Redis, link: RedisLink, *, policy: str, risky: bool
) -> None:
    await redis.config_set("maxmemory-policy", policy)
    try:
        assert await risky_policy(link) == (policy if risky else "")
        with capture_logs() as logs:
            await warn_of_eviction(link)
        assert [line["policy"] for line in logs] == ([policy] if risky else [])
    finally:
        await redis.config_set("maxmemory-policy", "noeviction")


async def test_a_redis_that_is_away_at_the_start_is_asked_later(redis_server: RedisServer) -> None:
    redis = open_redis(RedisSettings(url=SecretStr(redis_server.url), socket_timeout_s=5))
    link, tasks = RedisLink(SingleNode(redis)), TaskSet()
    redis_server.kill()
    with capture_logs() as logs:
        asked = tasks.start(warn_of_eviction(link, again_s=0.05), name="ask")
        async with asyncio.timeout(20):
            while not link.errors:
                await asyncio.sleep(0.01)
        redis_server.start()
        redis_server.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        await asyncio.wait_for(asked, 20)
    assert logs[-1]["event"].startswith("redis may evict nonces")
    await redis.aclose()
