import asyncio
import secrets
from contextlib import suppress
from typing import Never

from cache.keys import Keys
from cache.redis import RedisAway, RedisLink
from cache.tokens import MemoryTokenStore, TokenStore

_EVERY_S = 2.0
_MARK_S = 60


class TokenReminder:
    """Gives a Redis that has forgotten all (a restart) the tokens that this process knows.

    Else whoever has none, such as a replica that was just started, would ask WeChat for a token
    that the others still have. It is known by a mark of this process that is gone.
    """

    def __init__(
        self, link: RedisLink, keys: Keys, shared: TokenStore, local: MemoryTokenStore
    ) -> None:
        self._link = link
        self._mark = keys.token_mark(secrets.token_hex(8))
        self._shared = shared
        self._local = local

    async def run(self) -> Never:
        """Look every two seconds."""
        while True:
            with suppress(RedisAway):
                await self.look()
            await asyncio.sleep(_EVERY_S)

    async def look(self) -> None:
        """Write what is missing; a newer token of another process stays. Raises RedisAway."""
        if not await self._link.run(lambda redis: redis.exists(self._mark)):
            for app_id, token in self._local.held():
                await self._shared.put(app_id, token)
        # Last, so that what fails half way is done again.
        await self._link.run(lambda redis: redis.set(self._mark, 1, ex=_MARK_S))
