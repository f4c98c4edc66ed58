"""Where tokens are kept: where all processes share them, or in a file of this one."""

from functools import reduce

from accounts.master_key import Sealer
from cache.backed_tokens import BackedTokenStore
from cache.fallback_tokens import FallbackTokenStore
from cache.kept_tokens import KeptTokenStore
from cache.keys import Keys
from cache.redis import RedisLink
from cache.redis_tokens import RedisTokenStore
from cache.stats import CacheStatistics
from cache.tokens import MemoryTokenStore, TokenStore
from core.tasks import TaskSet
from proxy.database_tokens import DatabaseTokenStore
from server.settings import Settings
from store.engine import Database


async def open_tokens(
    settings: Settings,
    sealer: Sealer | None,
    link: RedisLink | None,
    database: Database | None,
    caches: CacheStatistics,
    tasks: TaskSet,
) -> TokenStore:
    """On Redis, on PostgreSQL, or Redis backed by that; else in a file. Without `sealer`: memory.

    SQLite is of one process, which needs no help to remember.
    """
    local = MemoryTokenStore(caches.register)
    if sealer is None:
        return local
    shared: list[TokenStore] = []
    if link is not None:
        keys = Keys(settings.redis.prefix)
        shared.append(RedisTokenStore(link, keys, sealer, caches.register))
    if database is not None and not database.is_sqlite:
        shared.append(DatabaseTokenStore(database, sealer, caches.register, tasks=tasks))
    if shared:
        return FallbackTokenStore(reduce(BackedTokenStore, shared), local)
    kept = KeptTokenStore(local, settings.server.data_dir / "tokens", sealer)
    await kept.load()
    return kept
