import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from cache.eviction import risky_policy, warn_of_eviction
from cache.redis import RedisLink


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
