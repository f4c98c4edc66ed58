import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from redis.asyncio import Redis

from cache.keys import Keys
from cache.redis import KeySpoiled, RedisAway, RedisLink
from cache.responses import ANY_FAMILY, LOCAL, Found, Place, ResponseStore, StoredResponse
from cache.scripts import Script
from cache.sealed_tokens import Seal
from cache.stats import CacheStats, Fill
from core.tasks import TaskSet

_SETTLE_S = 1.0
_FORM = 1  # of a value; changes with what `_packed` writes

# Generations are Redis' own microseconds, so that one that was lost never comes back; ends and
# lives are relative to its clock too. KEYS: generations, answers, ends.
_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local newest = time[1] .. string.format('%06d', time[2])
local function outdate(family)
  redis.call('HSET', KEYS[1], family, newest)
  redis.call('PEXPIRE', KEYS[1], 172800000)
  return newest
end
"""
# ARGV: family, digest. One command tells the generation, and the answer with its life left.
_FIND = Script(
    _NOW
    + """
local held = redis.call('HMGET', KEYS[1], '*', ARGV[1])
local generation = (held[1] or outdate('*')) .. '.' .. (held[2] or outdate(ARGV[1]))
local left = tonumber(redis.call('ZSCORE', KEYS[3], ARGV[2]) or '0') - now
if left <= 0 then return {generation, 0} end
return {generation, left, redis.call('HGET', KEYS[2], ARGV[2])}
"""
)
# ARGV: family, digest, generation, value, life in ms, bytes that the account may take. Gives way:
# what has expired, then what expires first.
_PUT = Script(
    _NOW
    + """
local held = redis.call('HMGET', KEYS[1], '*', ARGV[1])
if (held[1] or '') .. '.' .. (held[2] or '') ~= ARGV[3] then return {0} end
if redis.call('EXISTS', KEYS[2], KEYS[3]) == 1 then redis.call('DEL', KEYS[2], KEYS[3]) end
local bytes = tonumber(redis.call('HGET', KEYS[2], 'bytes') or '0')
local function drop(digest)
  bytes = bytes - redis.call('HSTRLEN', KEYS[2], digest)
  redis.call('HDEL', KEYS[2], digest)
  redis.call('ZREM', KEYS[3], digest)
end
local expired = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 100)
for _, digest in ipairs(expired) do drop(digest) end
drop(ARGV[2])
local evicted = 0
while bytes + #ARGV[4] > tonumber(ARGV[6]) do
  local first = redis.call('ZRANGE', KEYS[3], 0, 0)[1]
  if not first then return {0} end
  drop(first)
  evicted = evicted + 1
end
bytes = bytes + #ARGV[4]
redis.call('HSET', KEYS[2], ARGV[2], ARGV[4], 'bytes', bytes)
redis.call('ZADD', KEYS[3], now + ARGV[5], ARGV[2])
local life = math.max(ARGV[5], redis.call('PTTL', KEYS[2]))
redis.call('PEXPIRE', KEYS[2], life)
redis.call('PEXPIRE', KEYS[3], life)
return {1, redis.call('ZCARD', KEYS[3]), bytes, #expired, evicted}
"""
)
_OUTDATE = Script(_NOW + "for _, family in ipairs(ARGV) do outdate(family) end")
_CLEAR = Script(_NOW + "outdate('*') redis.call('DEL', KEYS[2], KEYS[3])")


class RedisResponses:
    """A ResponseStore shared by all replicas. Every method may raise RedisAway.

    Answers hold tickets and people's names: they are sealed, and what cannot be opened (damaged,
    moved, another master key's or version's) is deleted and counts as a miss.
    """

    def __init__(
        self,
        link: RedisLink,
        keys: Keys,
        seal: Seal,
        register: Callable[[str, str, Callable[[], Fill]], CacheStats],
        *,
        account_bytes: int,
    ) -> None:
        self._link = link
        self._keys = keys
        self._seal = seal
        self._account_bytes = account_bytes
        self._fills: dict[str, tuple[int, int]] = {}  # as Redis said with the last `put`
        self._stats = register("response", "redis", self._fill)

    def _fill(self) -> Fill:
        fills = self._fills.values()
        return Fill(
            sum(entries for entries, _ in fills),
            sum(size for _, size in fills),
            len(fills) * self._account_bytes,
        )

    async def find(self, place: Place) -> Found:
        """The answer kept at `place`; one Redis command."""
        answer = await self._run(_FIND, place.app_id, place.family, place.digest)
        generation, left_ms = answer[0].decode(), answer[1]
        if left_ms <= 0:
            self._stats.count("miss", place.app_id)
            return Found(generation)
        entry = self._opened(place, answer[2])
        if entry is None:
            await self._forget(place)
        if entry is None or entry[0] != generation:
            self._stats.count("miss", place.app_id)
            return Found(generation)
        self._stats.count("hit", place.app_id)
        response = entry[1]
        return Found(generation, response, max(0.0, response.life_s - left_ms / 1000))

    async def put(self, place: Place, generation: str, response: StoredResponse) -> bool:
        """Keep `response`, unless a write came between."""
        value = self._seal.seal(_packed(generation, response), aad=_aad(place))
        kept, *fill = await self._run(
            _PUT,
            place.app_id,
            *(place.family, place.digest, generation, value),
            *(int(response.life_s * 1000), self._account_bytes),
        )
        if not kept:
            return False
        entries, size, expired, evicted = fill
        self._fills[place.app_id] = (entries, size)
        self._stats.count("set", place.app_id)
        self._stats.count("expiration", place.app_id, expired)
        self._stats.count("eviction", place.app_id, evicted)
        return True

    async def outdate(self, app_id: str, family: str) -> None:
        """A write has touched `family` of the account."""
        await self._run(_OUTDATE, app_id, family)

    async def clear(self, app_id: str) -> None:
        """Forget all answers of the account, in every process."""
        await self._run(_CLEAR, app_id)
        self._fills.pop(app_id, None)

    def _opened(self, place: Place, value: bytes | None) -> tuple[str, StoredResponse] | None:
        """The answer, and its generation; None if it is not what we have written."""
        text = self._seal.open(value or b"", aad=_aad(place))
        return None if text is None else _unpacked(text)

    async def _forget(self, place: Place) -> None:
        _generations, values, ends = self._keys.responses(place.app_id)
        self._stats.count("error", place.app_id)

        async def delete(redis: Redis) -> None:
            await redis.hdel(values, place.digest)
            await redis.zrem(ends, place.digest)

        await self._link.run(delete, values)

    async def _run(self, script: Script, app_id: str, *values: str | int | bytes) -> Any:
        keys = self._keys.responses(app_id)
        try:
            return await self._link.run(lambda redis: script.run(redis, keys, values), keys[0])
        except KeySpoiled:
            # Somebody else's: without it the next call begins anew.
            self._stats.count("error", app_id)
            await self._link.run(lambda redis: redis.delete(*keys), keys[0])
            return await self._link.run(lambda redis: script.run(redis, keys, values), keys[0])
        except RedisAway:
            self._stats.count("error", app_id)
            raise


def _aad(place: Place) -> bytes:
    return f"response:{place.app_id}:{place.family}:{place.digest}".encode()


def _packed(generation: str, response: StoredResponse) -> bytes:
    headers = [[part.decode("latin-1") for part in header] for header in response.headers]
    about = orjson.dumps([_FORM, generation, response.life_s, headers])
    return about + b"\n" + response.body


def _unpacked(text: bytes) -> tuple[str, StoredResponse] | None:
    about, _, body = text.partition(b"\n")
    form, *rest = orjson.loads(about)  # sealed: it is ours
    if form != _FORM:
        return None
    generation, life_s, headers = rest
    pairs = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers)
    return generation, StoredResponse(pairs, body, life_s)


class FallbackResponses:
    """The `shared` store while Redis answers, else `local`; never raises RedisAway.

    A write that Redis could not be told of is told as soon as it is back; what other replicas
    took from it meanwhile may be older than that write.
    """

    def __init__(self, shared: ResponseStore, local: ResponseStore, tasks: TaskSet) -> None:
        self._shared = shared
        self._local = local
        self._tasks = tasks
        self._owed: dict[tuple[str, str], object] = {}  # app_id, family → which write
        self._settling = False

    async def find(self, place: Place) -> Found:
        """The answer kept at `place`, if it is still good."""
        try:
            if self._owed:
                await self._settle()
            return await self._shared.find(place)
        except RedisAway:
            return await self._local.find(place)

    async def put(self, place: Place, generation: str, response: StoredResponse) -> bool:
        """Keep `response` where its look-up was answered."""
        if generation.startswith(LOCAL):
            return await self._local.put(place, generation, response)
        try:
            return await self._shared.put(place, generation, response)
        except RedisAway:
            return False

    async def outdate(self, app_id: str, family: str) -> None:
        """A write has touched `family` of the account."""
        await self._local.outdate(app_id, family)
        self._owed[app_id, family] = object()
        await self._settle_soon()

    async def clear(self, app_id: str) -> None:
        """Forget all answers of the account."""
        await self._local.clear(app_id)
        try:
            await self._shared.clear(app_id)
        except RedisAway:
            self._owed[app_id, ANY_FAMILY] = object()
            await self._settle_soon()

    async def _settle_soon(self) -> None:
        try:
            await self._settle()
        except RedisAway:
            if not self._settling:
                self._settling = True
                self._tasks.start(self._keep_settling(), name="tell redis of writes")

    async def _settle(self) -> None:
        for (app_id, family), write in list(self._owed.items()):
            await self._shared.outdate(app_id, family)
            # Another write may have come since.
            if self._owed.get((app_id, family)) is write:
                del self._owed[app_id, family]

    async def _keep_settling(self) -> None:
        while self._owed:
            await asyncio.sleep(_SETTLE_S)
            try:
                await self._settle()
            except RedisAway:
                continue
        self._settling = False
