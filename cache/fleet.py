import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
import structlog

from cache.keys import Keys
from cache.merge import merged
from cache.redis import KeySpoiled, RedisAway, RedisLink
from cache.scripts import Script
from cache.stats import CacheStatistics

log = structlog.get_logger(__name__)

_EVERY_S = 3.0
_GONE_MS = 15_000  # a process that was silent for so long is not counted any more

# Forgets the answers of one account, or whatever its cache holds of it, in this process.
Clear = Callable[[str], Awaitable[None]]

# KEYS: snapshots, when they came, orders to clear. ARGV: id and snapshot of this process, how long
# silence lasts. Tells all snapshots but its own, and all orders.
_EXCHANGE = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3])) do
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', KEYS[2], id)
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now, ARGV[1])
for key = 1, 2 do redis.call('PEXPIRE', KEYS[key], ARGV[3]) end
return {redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[3])}
""")
# Orders last a day: a process that was away longer has nothing so old.
_ORDER = Script("""
local time = redis.call('TIME')
redis.call('HSET', KEYS[3], ARGV[1], time[1] .. string.format('%06d', time[2]))
redis.call('PEXPIRE', KEYS[3], 86400000)
""")


class Fleet:
    """The processes on one Redis: each knows the statistics of all, and all obey an order to clear.

    Without Redis there is one, as far as anybody knows. Orders are followed within seconds.
    """

    def __init__(
        self,
        statistics: CacheStatistics,
        clears: Mapping[str, Clear],
        *,
        process_id: str,
        shared: tuple[RedisLink, Keys] | None,
    ) -> None:
        self._statistics = statistics
        self._clears = clears
        self._id = process_id.encode()
        self._shared = shared
        self._orders: dict[bytes, bytes] | None = None  # None until first read

    @property
    def caches(self) -> frozenset[str]:
        """The names of what can be cleared."""
        return frozenset(self._clears)

    async def run(self) -> None:
        """Tell and hear of the others until cancelled."""
        while self._shared is not None:
            try:
                await self.exchange()
            except Exception:
                # Whatever it was: orders must still be followed in the next round.
                log.exception("statistics not exchanged")
            await asyncio.sleep(_EVERY_S)

    async def snapshot(self) -> dict[str, Any]:
        """The statistics of all processes, summed."""
        return merged(self._statistics.snapshot(), await self.exchange())

    async def exchange(self) -> list[dict[str, Any]]:
        """The others' statistics; new orders are followed. None while Redis is away."""
        own = orjson.dumps(self._statistics.snapshot())
        try:
            told = await self._ask(_EXCHANGE, self._id, own, _GONE_MS)
        except RedisAway:
            return []
        if told is None:
            return []
        snapshots, orders = (dict(zip(*[iter(pairs)] * 2, strict=True)) for pairs in told)
        await self._follow(orders)
        return [orjson.loads(text) for id_, text in snapshots.items() if id_ != self._id]

    async def clear(self, cache: str, app_id: str) -> None:
        """Clear one account's part of `cache`, here and in the other processes."""
        await self._clears[cache](app_id)
        try:
            await self._ask(_ORDER, f"{cache}:{app_id}")
        except RedisAway:
            log.warning("other processes are not told to clear", cache=cache)

    async def _follow(self, orders: dict[bytes, bytes]) -> None:
        known, self._orders = self._orders, orders
        if known is None:  # a process that has just begun has nothing to clear
            return
        for order, at in orders.items():
            cache, _, app_id = order.decode().partition(":")
            if known.get(order) != at and cache in self._clears:
                await self._clears[cache](app_id)

    async def _ask(self, script: Script, *values: str | bytes | int) -> Any:
        if self._shared is None:
            return None
        link, keys = self._shared
        names = keys.fleet()
        try:
            return await link.run(lambda redis: script.run(redis, names, values), names[0])
        except KeySpoiled:
            await link.run(lambda redis: redis.delete(*names), names[0])
            raise
