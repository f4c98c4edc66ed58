import structlog

from cache.redis import RedisAway, RedisLink

log = structlog.get_logger(__name__)


async def risky_policy(link: RedisLink) -> str:
    """Redis' eviction policy, if it may drop what has to stay: nonces above all; else "".

    `allkeys-…` drops any key when memory is full, `volatile-ttl` the shortest lives first, which
    the nonces have. Raises RedisAway.
    """
    memory = await link.run(lambda redis: redis.info("memory"))
    policy = str(memory.get("maxmemory_policy", ""))
    return policy if policy.startswith("allkeys-") or policy == "volatile-ttl" else ""


async def warn_of_eviction(link: RedisLink) -> None:
    """Log a warning if Redis may drop what has to stay."""
    try:
        policy = await risky_policy(link)
    except RedisAway:
        return
    if policy:
        log.warning("redis may evict nonces: set maxmemory-policy noeviction", policy=policy)
