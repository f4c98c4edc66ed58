import heapq
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal, Protocol

from redis.asyncio import Redis

from cache.keys import Keys
from cache.redis import RedisAway, RedisLink
from cache.stats import CacheStats, Fill
from core.clock import Clock

Verdict = Literal["fresh", "replay", "stale"]

_CAPACITY = 200_000  # about 50 MB; at 600 calls a minute a client fills 1.5 % of it
_SHARE = 4  # a client may fill one part of so many: no one of them can shut out the others


class NoncesFull(Exception):
    """There is no room to remember one more: nothing can be let in."""


class NonceStore(Protocol):
    """Remembers the nonces of signed requests until the requests are too old to be taken."""

    async def take(self, client_id: str, nonce: str, created: int) -> Verdict:
        """Whether the nonce is seen for the first time, by anybody who shares the store.

        "stale" is said of what was signed (`created`, Unix time) before the store began to
        remember: it may have been taken by then.
        """
        ...


class MemoryNonces:
    """A NonceStore of one process; `take` raises NoncesFull, to a client over its share too."""

    def __init__(
        self,
        life_s: int,
        register: Callable[[str, str, Callable[[], Fill]], CacheStats],
        *,
        capacity: int = _CAPACITY,
        clock: Clock = time.time,
    ) -> None:
        self._life_s = life_s
        self._capacity = capacity
        self._clock = clock
        self._born = clock()
        self._taken: set[tuple[str, str]] = set()
        self._ends: list[tuple[int, tuple[str, str]]] = []  # a heap, the first to end on top
        self._by_client: Counter[str] = Counter()
        self._stats = register("nonce", "memory", self._fill)

    async def take(self, client_id: str, nonce: str, created: int) -> Verdict:
        """As the Protocol says."""
        # A whole second was signed: of the one in which the store was born, nobody knows.
        if created <= self._born:
            return self._counted("stale", client_id)
        self._forget_old(client_id)
        key = (client_id, nonce)
        if key in self._taken:
            return self._counted("replay", client_id)
        share = self._by_client[client_id] * _SHARE
        if max(len(self._taken), share) >= self._capacity:
            self._stats.count("error", client_id)
            raise NoncesFull
        self._taken.add(key)
        self._by_client[client_id] += 1
        heapq.heappush(self._ends, (created + self._life_s, key))
        return self._counted("fresh", client_id)

    def _forget_old(self, client_id: str) -> None:
        now = self._clock()
        while self._ends and self._ends[0][0] < now:
            end, key = heapq.heappop(self._ends)
            self._taken.discard(key)
            self._by_client[key[0]] -= 1
            # Should the clock be set back, what is as old as the forgotten is not taken again.
            self._born = max(self._born, end - self._life_s)
            self._stats.count("expiration", client_id)

    def _counted(self, verdict: Verdict, client_id: str) -> Verdict:
        count_verdict(self._stats, verdict, client_id)
        return verdict

    def _fill(self) -> Fill:
        return Fill(entries=len(self._taken), capacity=self._capacity)


# The store is born when it is first asked, and anew whenever the server is another one: after a
# restart, a restore or a failover it may lack nonces that were taken. All times are those of the
# replicas, never Redis' own; a birth in the future was written by a clock that was wrong.
_TAKE = """
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
local born = redis.call('HMGET', KEYS[2], 'run', 'born')
local at = tonumber(born[2] or '')
if born[1] ~= run or not at or at > tonumber(ARGV[2]) + tonumber(ARGV[4]) then
  redis.call('HSET', KEYS[2], 'run', run, 'born', ARGV[2])
  at = tonumber(ARGV[2])
end
if tonumber(ARGV[1]) <= at then return -1 end
if redis.call('SET', KEYS[1], '', 'NX', 'PX', ARGV[3]) then return 1 end
return 0
"""
_VERDICTS: dict[int, Verdict] = {1: "fresh", 0: "replay", -1: "stale"}


class RedisNonces:
    """A NonceStore shared by all replicas: one command a request. `take` may raise RedisAway."""

    def __init__(
        self,
        link: RedisLink,
        keys: Keys,
        life_s: int,
        register: Callable[[str, str], CacheStats],
        *,
        clock: Clock = time.time,
    ) -> None:
        self._link = link
        self._keys = keys
        self._life_s = life_s
        self._clock = clock
        self._stats = register("nonce", "redis")

    async def take(self, client_id: str, nonce: str, created: int) -> Verdict:
        """As the Protocol says."""
        now = self._clock()
        life_ms = max(1, int((created + self._life_s - now) * 1000) + 1_000)
        keys = (self._keys.nonce(client_id, nonce), self._keys.nonces_born())
        values = (created, now, life_ms, self._life_s)

        async def command(redis: Redis) -> Any:
            return await redis.eval(_TAKE, len(keys), *keys, *values)

        try:
            verdict = _VERDICTS[int(await self._link.run(command, keys[0]))]
        except RedisAway:
            self._stats.count("error", client_id)
            raise
        count_verdict(self._stats, verdict, client_id)
        return verdict


def count_verdict(stats: CacheStats, verdict: Verdict, client_id: str) -> None:
    """A replay is a hit, since it was there; a fresh nonce was not, and is kept."""
    if verdict == "fresh":
        stats.count("miss", client_id)
        stats.count("set", client_id)
    else:
        stats.count("hit" if verdict == "replay" else "stale", client_id)
