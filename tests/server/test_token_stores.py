from pathlib import Path

from accounts.master_key import Sealer
from cache.connecting import open_nodes
from cache.kept_tokens import KeptTokenStore
from cache.redis import RedisLink
from cache.redis_tokens import FallbackTokenStore
from cache.stats import CacheStatistics
from cache.tokens import MemoryTokenStore
from core.metrics import Metrics
from server.settings import Settings
from server.token_stores import open_tokens

SEALER = Sealer(b"k" * 32)


async def test_tokens_are_kept_where_as_many_share_them_as_can(
    tmp_path: Path, redis_url: str
) -> None:
    settings = Settings.model_validate(
        {"server": {"data_dir": str(tmp_path)}, "redis": {"url": redis_url}}
    )
    caches = CacheStatistics(Metrics())
    store, reminder = await open_tokens(settings, SEALER, None, caches)
    assert (type(store), reminder) == (KeptTokenStore, None)
    store, reminder = await open_tokens(settings, None, None, CacheStatistics(Metrics()))
    assert (type(store), reminder) == (MemoryTokenStore, None)
    async with open_nodes(settings.redis) as nodes:
        store, reminder = await open_tokens(
            settings, SEALER, RedisLink(nodes), CacheStatistics(Metrics())
        )
        assert (type(store), reminder is None) == (FallbackTokenStore, False)
