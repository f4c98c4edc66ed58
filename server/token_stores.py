"""Where tokens are kept: on Redis, which all processes share, or in a file of this one."""

from accounts.master_key import Sealer
from cache.kept_tokens import KeptTokenStore
from cache.keys import Keys
from cache.redis import RedisLink
from cache.redis_tokens import FallbackTokenStore, RedisTokenStore
from cache.stats import CacheStatistics
from cache.token_reminder import TokenReminder
from cache.tokens import MemoryTokenStore, TokenStore
from server.settings import Settings


async def open_tokens(
    settings: Settings, sealer: Sealer | None, link: RedisLink | None, caches: CacheStatistics
) -> tuple[TokenStore, TokenReminder | None]:
    """The store, and what tells Redis again after it has forgotten; without `sealer`: memory."""
    local = MemoryTokenStore(caches.register)
    if sealer is None:
        return local, None
    if link is not None:
        keys = Keys(settings.redis.prefix)
        shared = RedisTokenStore(link, keys, sealer, caches.register)
        return FallbackTokenStore(shared, local), TokenReminder(link, keys, shared, local)
    kept = KeptTokenStore(local, settings.server.data_dir / "tokens", sealer)
    await kept.load()
    return kept, None
