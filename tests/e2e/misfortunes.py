"""What befalls replicas and the stores that they share, at random."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from core.clock import Clock
from tests.e2e.own_postgres import OwnPostgres
from tests.e2e.redis_to_lose import RedisToLose
from tests.e2e.replicas import Replica, Replicas

Range = tuple[float, float]


@dataclass(frozen=True)
class Pace:
    """How fast things happen, in seconds of the machine's own time."""

    between: Range = (5, 20)
    dead: Range = (0, 2)
    stopped: Range = (12, 18)  # longer than the lease
    between_stores: Range = (15, 40)
    redis_away: Range = (0.2, 8)
    postgres_away: Range = (0, 3)


@dataclass
class Spell:
    """Something that was so for a while; times are WeChat's."""

    kind: str  # kill, stop, redis, failover, postgres
    who: str
    began: float
    ended: float = float("inf")

    @property
    def is_of_redis(self) -> bool:
        """Whether Redis was away, or has forgotten."""
        return self.kind in ("redis", "failover")


class Misfortunes:
    """Replicas are killed and stopped, two at a time at most; stores are lost and come back."""

    def __init__(
        self,
        replicas: Replicas,
        redis: RedisToLose,
        postgres: OwnPostgres,
        *,
        pace: Pace,
        clock: Clock,
        seed: int,
    ) -> None:
        self._replicas = replicas
        self._redis = redis
        self._postgres = postgres
        self._pace = pace
        self._clock = clock
        self._random = random.Random(seed)
        self._well = list(replicas.each)
        self._over = asyncio.Event()  # the run's own, once it goes
        self.spells: list[Spell] = []

    async def start(self) -> None:
        """Start the replicas."""
        await self._replicas.start()

    def working(self) -> list[int]:
        """The replicas that are neither dead nor stopped."""
        return [each.pid for each in self._replicas.each if each.process and not each.paused]

    async def go(self, over: asyncio.Event) -> None:
        """Each kind at least once, and on until all is over; then what is under way ends at once,
        and only kinds that never happened begin."""
        self._over = over
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._to_replicas(("kill", "stop")))
            tasks.create_task(self._to_replicas(("kill", "kill", "kill")))
            tasks.create_task(self._to_stores((*self._redis.harms, "postgres")))

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each kind happened."""
        return Counter(spell.kind for spell in self.spells)

    async def _to_replicas(self, kinds: Sequence[str]) -> None:
        async for kind in self._kinds(kinds, self._pace.between):
            replica = self._well.pop(self._random.randrange(len(self._well)))
            with self._spell(kind, replica.name):
                await (self._kill(replica) if kind == "kill" else self._stop(replica))
            self._well.append(replica)

    async def _to_stores(self, kinds: Sequence[str]) -> None:
        async for kind in self._kinds(kinds, self._pace.between_stores):
            with self._spell(kind, ""):
                if kind == "postgres":
                    await self._lose_postgres()
                else:
                    await self._redis.harms[kind](lambda: self._wait(self._pace.redis_away))

    async def _kinds(self, kinds: Sequence[str], between: Range) -> AsyncIterator[str]:
        """Rounds of all `kinds`, each in another order; at the end those that never happened."""
        while not (self._over.is_set() and set(kinds) <= self.counts.keys()):
            for kind in self._random.sample(kinds, len(kinds)):
                await self._wait(between)
                if not self._over.is_set() or kind not in self.counts:
                    yield kind

    async def _kill(self, replica: Replica) -> None:
        await replica.end()
        await self._wait(self._pace.dead)
        await replica.start(insist=True)

    async def _stop(self, replica: Replica) -> None:
        replica.pause()
        await self._wait(self._pace.stopped)
        replica.resume()

    async def _lose_postgres(self) -> None:
        await asyncio.to_thread(self._postgres.crash)
        await self._wait(self._pace.postgres_away)
        await asyncio.to_thread(self._postgres.start)

    async def _wait(self, seconds: Range) -> None:
        """For so long, or until all is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._random.uniform(*seconds)):
                await self._over.wait()

    @contextmanager
    def _spell(self, kind: str, who: str) -> Iterator[None]:
        spell = Spell(kind, who, self._clock())
        self.spells.append(spell)
        yield
        spell.ended = self._clock()
