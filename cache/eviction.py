import asyncio

import structlog

from cache.redis import RedisAway, RedisLink

log = structlog.get_logger(__name__)


async def risky_policy(link: RedisLink) -> str:
    """A server's eviction policy, if it may drop what has to stay: nonces above all; else "".

    `allkeys-…` drops any key when memory is full, `volatile-ttl` the shortest lives first, which
    the nonces have. Raises RedisAway.
    """
    for node in link.nodes.all():
        memory = await link.run_at(node, lambda redis: redis.info("memory"))
        policy = str(memory.get("maxmemory_policy", ""))
        if policy.startswith("allkeys-") or policy == "volatile-ttl":
            return policy
    return ""


async def warn_of_eviction(link: RedisLink, *, again_s: float = 30) -> None:
    """Log a warning if Redis may drop what has to stay; asks until there is an answer."""
    while True:
        try:
            policy = await risky_policy(link)
        except RedisAway:
            await asyncio.sleep(again_s)
        else:
            break
    if policy:
        log.warning("redis may evict nonces: set maxmemory-policy noeviction", policy=policy)
