import asyncio
import secrets
from collections.abc import Iterable
from contextlib import suppress
from typing import Never

from cache.keys import Keys
from cache.redis import RedisAway, RedisLink
from cache.redis_url import Address
from cache.tokens import AccessToken, MemoryTokenStore, TokenStore

_EVERY_S = 2.0
_MARK_S = 60

_Held = list[tuple[str, AccessToken]]


class TokenReminder:
    """Gives a Redis that has forgotten all (a restart) the tokens that this process knows.

    Else whoever has none, such as a replica that was just started, would ask WeChat for a token
    that the others still have. A server that forgot is known by a mark that is gone, beside the
    first of the tokens that it keeps.
    """

    def __init__(
        self, link: RedisLink, keys: Keys, shared: TokenStore, local: MemoryTokenStore
    ) -> None:
        self._link = link
        self._keys = keys
        self._me = secrets.token_hex(8)
        self._shared = shared
        self._local = local

    async def run(self) -> Never:
        """Look every two seconds."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_S)

    async def look(self) -> None:
        """Write what is missing; a newer token of another process stays."""
        for held in self._by_server():
            with suppress(RedisAway):  # the next look will find it forgetful still
                await self._remind(held)

    def _by_server(self) -> Iterable[_Held]:
        found: dict[Address, _Held] = {}
        for app_id, token in self._local.held():
            node = self._link.nodes.of(self._keys.token(app_id))
            if node is not None:
                found.setdefault(node.address, []).append((app_id, token))
        return found.values()

    async def _remind(self, held: _Held) -> None:
        mark = self._keys.token_mark(held[0][0], self._me)
        if not await self._link.run(lambda redis: redis.exists(mark), mark):
            for app_id, token in held:
                await self._shared.put(app_id, token)
        # Last, so that what fails half way is done again.
        await self._link.run(lambda redis: redis.set(mark, 1, ex=_MARK_S), mark)
