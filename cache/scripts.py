import hashlib
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError


class Script:
    """A Lua script that Redis knows by its digest once it has run there.

    Where a restart or SCRIPT FLUSH has made Redis forget it, its text goes along once.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._sha1 = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def run(
        self, redis: Redis, keys: Sequence[str], values: Sequence[str | float | bytes]
    ) -> Any:
        """What the script returns; one command."""
        try:
            return await redis.evalsha(self._sha1, len(keys), *keys, *values)
        except NoScriptError:
            return await redis.eval(self._text, len(keys), *keys, *values)
