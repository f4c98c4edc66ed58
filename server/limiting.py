"""Joins what counts calls: in this process, or with all gateways on one Redis."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from cache.counters import DailyCounters, MemoryCounters, SharedCounters
from cache.keys import Keys
from cache.redis import RedisLink
from cache.shared_windows import SharedWindows
from cache.stats import CacheStatistics
from cache.windows import MemoryWindows, Windows
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
    settings: Settings, link: RedisLink | None, quota: QuotaLedger, caches: CacheStatistics
) -> AsyncIterator[Limiter]:
    """What lets calls of clients in."""
    rulebook = Rulebook(settings.limits, quota)
    local = MemoryWindows()
    if link is None:
        stats = caches.register("limit", "memory", local.fill)
        yield Limiter(local, rulebook, caches.metrics, stats)
        return
    shared: Windows
    async with SharedWindows(link, Keys(settings.redis.prefix), local) as shared:
        stats = caches.register("limit", "redis")
        yield Limiter(shared, rulebook, caches.metrics, stats)
