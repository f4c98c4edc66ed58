"""Joins what counts calls: in this process, or with all gateways on one Redis."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from cache.connecting import open_nodes
from cache.counters import DailyCounters, MemoryCounters, SharedCounters
from cache.keys import Keys
from cache.redis import RedisLink
from cache.shared_windows import SharedWindows
from cache.stats import CacheStatistics
from cache.windows import MemoryWindows, Windows
from core.clock import Clock
from proxy.quota import QuotaLedger
from proxy.ratelimit import Limiter
from proxy.rulebook import Rulebook
from server.settings import Settings

_MONTHS_LIFE_S = 62 * 86_400


@asynccontextmanager
async def open_counters(
    link: RedisLink | None, keys: Keys
) -> AsyncIterator[tuple[DailyCounters, DailyCounters]]:
    """Counts by day, and counts by month."""
    if link is None:
        yield MemoryCounters(), MemoryCounters()
        return
    async with AsyncExitStack() as stack:
        days = await stack.enter_async_context(SharedCounters(link, keys))
        months = SharedCounters(link, keys, life_s=_MONTHS_LIFE_S)
        yield days, await stack.enter_async_context(months)


@asynccontextmanager
async def open_limiter(
    settings: Settings,
    link: RedisLink | None,
    quota: QuotaLedger,
    caches: CacheStatistics,
    *,
    gateways: Callable[[], int] = lambda: 1,
    clock: Clock = time.time,
) -> AsyncIterator[Limiter]:
    """What lets calls of clients in: one of so many `gateways`, whose `clock` is one."""
    rulebook = Rulebook(settings.limits, quota)
    local = MemoryWindows()
    if link is None:
        stats = caches.register("limit", "memory", local.fill)
        yield Limiter(local, rulebook, quota, caches.metrics, stats)
        return
    async with AsyncExitStack() as stack:
        own = await stack.enter_async_context(_open_own_link(settings))
        caches.add_redis(own)
        windows = SharedWindows(
            own, Keys(settings.redis.prefix), local, expected=gateways, clock=clock
        )
        shared: Windows = await stack.enter_async_context(windows)
        stats = caches.register("limit", "redis")
        yield Limiter(shared, rulebook, quota, caches.metrics, stats)


@asynccontextmanager
async def _open_own_link(settings: Settings) -> AsyncIterator[RedisLink]:
    """Connections and a breaker of its own.

    Every call is counted, and none waits long for that: what a burst of calls makes late must not
    take Redis from the tokens and nonces as well.
    """
    async with open_nodes(settings.redis) as nodes:
        yield RedisLink(nodes, purpose="limits")
