import math
from dataclasses import dataclass

from accounts.master_key import Sealer
from cache.keys import Keys
from cache.redis import RedisLink
from cache.redis_responses import FallbackResponses, RedisResponses
from cache.responses import MemoryResponses, ResponseStore
from cache.settings import CacheSettings
from cache.stats import CacheStatistics
from core.tasks import TaskSet
from proxy.call import Calls
from proxy.invalidation import Sends, WatchedExchanger
from proxy.responses import CachedCalls
from wechat.catalogue import load_catalogue

_APART_S = 60.0  # a process that cannot ask Redis sees the writes of others after so long


@dataclass(frozen=True)
class ResponseCache:
    """The answers that are kept, and what is built on them."""

    store: ResponseStore
    settings: CacheSettings
    caches: CacheStatistics
    tasks: TaskSet

    def watched(self, exchanger: Sends) -> Sends:
        """`exchanger`, whose writes outdate the answers that they touch."""
        if not self.settings.response:
            return exchanger
        return WatchedExchanger(exchanger, load_catalogue(), self.store, self.tasks)

    def calls(self, calls: Calls) -> CachedCalls:
        """`calls` with their reads answered from here."""
        return CachedCalls(
            calls,
            self.store if self.settings.response else None,
            stats=self.caches.register("response", "process"),
            tasks=self.tasks,
            max_age_s=self.settings.response_max_age_s,
        )


def make_response_cache(
    settings: CacheSettings,
    caches: CacheStatistics,
    tasks: TaskSet,
    *,
    shared: tuple[RedisLink, Keys, Sealer] | None,
    alone: bool,
) -> ResponseCache:
    """In Redis, if there is one to share; `alone`: no other process serves the same accounts."""
    account_bytes = settings.response_account_mb * 1_000_000
    local = MemoryResponses(
        caches.register,
        max_bytes=settings.response_max_mb * 1_000_000,
        account_bytes=account_bytes,
        max_life_s=math.inf if alone and shared is None else _APART_S,
    )
    store: ResponseStore = local
    if shared is not None:
        redis = RedisResponses(*shared, caches.register, account_bytes=account_bytes)
        store = FallbackResponses(redis, local, tasks)
    return ResponseCache(store, settings, caches, tasks)
