"""Joins what counts calls: in this process, or with all gateways on one Redis."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import NamedTuple

from cache.backed_windows import BackedWindows
from cache.connecting import open_nodes
from cache.counters import DailyCounters, MemoryCounters, SharedCounters
from cache.keys import Keys
from cache.redis import RedisLink
from cache.reserves import Reserves
from cache.shared_windows import SharedWindows
from cache.stats import CacheStatistics
from cache.windows import MemoryWindows, Windows
from core.clock import Clock
from core.tasks import TaskSet
from proxy.database_grants import DatabaseGrants
from proxy.quota import QuotaLedger
from proxy.ratelimit import Limiter
from proxy.rulebook import Rulebook
from server.settings import Settings
from store.clock import steady
from store.engine import Database
from store.for_ever import for_ever

_TOLD_EVERY_S = 2.0
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


class Common(NamedTuple):
    """What a gateway has in common with others, by which they count together."""

    link: RedisLink | None = None
    database: Database | None = None
    gateways: Callable[[], int] = lambda: 1  # how many are to be expected
    clock: Clock = time.time


@asynccontextmanager
async def open_limiter(
    settings: Settings, common: Common, quota: QuotaLedger, caches: CacheStatistics
) -> AsyncIterator[Limiter]:
    """What lets calls of clients in: counted by Redis, and granted by a PostgreSQL behind it."""
    rulebook = Rulebook(settings.limits, quota)
    local = MemoryWindows()
    if common.link is None:
        stats = caches.register("limit", "memory", local.fill)
        yield Limiter(local, rulebook, quota, caches.metrics, stats)
        return
    async with AsyncExitStack() as stack:
        own = await stack.enter_async_context(_open_own_link(settings))
        caches.add_redis(own)
        keys = Keys(settings.redis.prefix)
        shared = await stack.enter_async_context(
            SharedWindows(own, keys, local, expected=common.gateways, clock=common.clock)
        )
        windows = await stack.enter_async_context(_backed(shared, local, common.database))
        stats = caches.register("limit", "redis")
        yield Limiter(windows, rulebook, quota, caches.metrics, stats)


@asynccontextmanager
async def _backed(
    shared: SharedWindows, local: MemoryWindows, database: Database | None
) -> AsyncIterator[Windows]:
    if database is None or database.is_sqlite:  # that one has one gateway
        yield shared
        return
    async with aclosing(TaskSet()) as tasks:
        reserves = Reserves(DatabaseGrants(database, tasks=tasks), tasks=tasks, steady=steady)
        telling = for_ever(reserves.tell, every_s=_TOLD_EVERY_S, failed="calls not told")
        tasks.start(telling, name="tell of granted calls")
        try:
            yield BackedWindows(shared, reserves, local)
        finally:
            await reserves.close()


@asynccontextmanager
async def _open_own_link(settings: Settings) -> AsyncIterator[RedisLink]:
    """Connections and a breaker of its own.

    Every call is counted, and none waits long for that: what a burst of calls makes late must not
    take Redis from the tokens and nonces as well.
    """
    async with open_nodes(settings.redis) as nodes:
        yield RedisLink(nodes, purpose="limits")
