from pathlib import Path

from accounts.master_key import Sealer
from cache.connecting import open_nodes
from cache.fallback_tokens import FallbackTokenStore
from cache.kept_tokens import KeptTokenStore
from cache.redis import RedisLink
from cache.stats import CacheStatistics
from cache.tokens import MemoryTokenStore, TokenStore
from core.metrics import Metrics
from core.tasks import TaskSet
from server.settings import Settings
from server.token_stores import open_tokens
from store.engine import Database, DatabaseSettings, open_database

SEALER = Sealer(b"k" * 32)


async def test_tokens_are_kept_where_as_many_share_them_as_can(
    tmp_path: Path, redis_url: str, postgres: Database
) -> None:
    settings = Settings.model_validate(
        {"server": {"data_dir": str(tmp_path)}, "redis": {"url": redis_url}}
    )

    async def backends(
        sealer: Sealer | None, link: RedisLink | None, database: Database | None
    ) -> tuple[type[TokenStore], list[str]]:
        caches = CacheStatistics(Metrics())
        store = await open_tokens(settings, sealer, link, database, caches, TaskSet())
        return type(store), [cache["backend"] for cache in caches.snapshot()["caches"]]

    async with (
        open_nodes(settings.redis) as nodes,
        open_database(DatabaseSettings(), tmp_path) as one,
    ):
        link = RedisLink(nodes)
        assert await backends(None, link, postgres) == (MemoryTokenStore, ["memory"])
        assert await backends(SEALER, None, one) == (KeptTokenStore, ["memory"])
        shared = FallbackTokenStore
        assert await backends(SEALER, link, one) == (shared, ["memory", "redis"])
        assert await backends(SEALER, None, postgres) == (shared, ["memory", "database"])
        assert await backends(SEALER, link, postgres) == (shared, ["memory", "redis", "database"])
