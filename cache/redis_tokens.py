import base64
import os
import time
from collections.abc import Callable
from typing import Any

from cache.keys import Keys
from cache.redis import RedisAway, RedisLink
from cache.sealed_tokens import Seal, open_token, seal_token
from cache.stats import CacheStats, Fill
from cache.tokens import AccessToken, Lease, TokensAway
from core.clock import Clock

_EPOCH_LIFE_MS = 86_400_000  # far longer than any holder sleeps

# Time and lives are Redis' own and relative: the clocks of the replicas need not agree.
# What cannot be ours counts as none and is overwritten: a value of another type, or an epoch of
# the day after tomorrow, which no fetch would ever reach.
_EPOCH_AT = """
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local function epoch_at(key, pattern)
  if redis.call('TYPE', key).ok ~= 'string' then return -1 end
  local epoch = tonumber(string.match(redis.call('GET', key), pattern) or '-1')
  return epoch <= now + 86400000 and epoch or -1
end
"""
_GET = (
    _EPOCH_AT
    + """
if epoch_at(KEYS[1], '^(%d+):') < 0 then return {false, -2} end
return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}
"""
)
_ACQUIRE = (
    _EPOCH_AT
    + """
if redis.call('PTTL', KEYS[1]) == -1 then redis.call('DEL', KEYS[1]) end
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
local epoch = math.max(now, epoch_at(KEYS[2], '^(%d+)$') + 1, tonumber(ARGV[3]) + 1)
redis.call('SET', KEYS[2], string.format('%d', epoch), 'PX', ARGV[4])
return epoch
"""
)
_PUT = (
    _EPOCH_AT
    + """
if epoch_at(KEYS[1], '^(%d+):') >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. ARGV[2], 'PX', ARGV[3])
return 1
"""
)
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"

_CLAIM = """
if redis.call('PTTL', KEYS[1]) == -1 then redis.call('DEL', KEYS[1]) end
if redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return 0 end
return redis.call('PTTL', KEYS[1])
"""


class RedisTokenStore:
    """A TokenStore shared by all replicas. Every method may raise TokensAway.

    A value that cannot be read (another version's, another master key's, damaged) counts as none
    and is overwritten by the next fetch.
    """

    def __init__(
        self,
        link: RedisLink,
        keys: Keys,
        seal: Seal,
        register: Callable[[str, str, Callable[[], Fill]], CacheStats],
        *,
        clock: Clock = time.time,
    ) -> None:
        self._link = link
        self._keys = keys
        self._seal = seal
        self._clock = clock
        self._stats = register("token", "redis", Fill)

    async def get(self, app_id: str) -> AccessToken | None:
        """The newest token; its remaining life is what Redis says."""
        key = self._keys.token(app_id)
        value, life_ms = await self._run(app_id, _GET, [key], [])
        token = self._parse(app_id, value, life_ms) if value and life_ms > 0 else None
        self._stats.count("miss" if token is None else "hit", app_id)
        return token

    def _parse(self, app_id: str, value: bytes, life_ms: int) -> AccessToken | None:
        epoch, _, text = value.partition(b":")
        expires_at = self._clock() + life_ms / 1000
        try:
            sealed = base64.b64decode(text, validate=True)
            return open_token(self._seal, app_id, sealed, epoch=int(epoch), expires_at=expires_at)
        except (ValueError, TypeError):
            self._stats.count("error", app_id)
            return None

    async def put(self, app_id: str, token: AccessToken) -> bool:
        """Keep `token`, unless a newer one is there."""
        life_ms = int((token.expires_at - self._clock()) * 1000)
        if life_ms <= 0:
            return False
        sealed = base64.b64encode(seal_token(self._seal, app_id, token))
        key = self._keys.token(app_id)
        kept = await self._run(app_id, _PUT, [key], [token.epoch, sealed, life_ms])
        if kept:
            self._stats.count("set", app_id)
        return bool(kept)

    async def acquire(self, app_id: str, *, ttl_s: float, above: int) -> Lease | None:
        """A lease, or None while a task of any replica holds it."""
        owner = os.urandom(16).hex()
        keys = [self._keys.token_lease(app_id), self._keys.token_epoch(app_id)]
        values = [owner, int(ttl_s * 1000), above, _EPOCH_LIFE_MS]
        epoch = await self._run(app_id, _ACQUIRE, keys, values)
        return Lease(owner, int(epoch)) if epoch else None

    async def release(self, app_id: str, lease: Lease) -> None:
        """Give the lease back, if it is still held."""
        keys = [self._keys.token_lease(app_id)]
        await self._run(app_id, _RELEASE, keys, [lease.owner])

    async def claim_force(self, app_id: str, *, gap_s: float) -> float:
        """0 for the one of all replicas that may force a new token now, else seconds to wait."""
        keys = [self._keys.token_forced(app_id)]
        left_ms = await self._run(app_id, _CLAIM, keys, [int(gap_s * 1000)])
        return float(max(0, left_ms) / 1000)

    async def _run(self, app_id: str, script: str, keys: list[str], values: list[Any]) -> Any:
        # EVAL, not EVALSHA: a few calls an hour need no script cache, and no NOSCRIPT after a
        # restart.
        try:
            return await self._link.run(
                lambda redis: redis.eval(script, len(keys), *keys, *values), keys[0]
            )
        except RedisAway:
            self._stats.count("error", app_id)
            raise TokensAway from None
