import asyncio
from types import TracebackType
from typing import Any, Protocol, Self

import structlog
from redis.asyncio import Redis

from cache.keys import Keys
from cache.redis import KeySpoiled, RedisAway, RedisLink
from core.tasks import TaskSet

log = structlog.get_logger(__name__)

_LIFE_S = 2 * 86_400  # a day's counts are of use until the next day has begun everywhere
_FLUSH_S = 1.0
_REFRESH_FLUSHES = 10  # an account without calls of ours is read again every so many flushes
_KEPT_DAYS = 2

_Day = tuple[str, str]  # app_id, day


class DailyCounters(Protocol):
    """Counts per account, name and calendar day, kept for two days. Never waits, never fails.

    With months in place of days (YYYY-MM), kept for two months.
    """

    def add(self, app_id: str, name: str, day: str, n: int = 1) -> int:
        """Count `n` more; returns the day's count as far as it is known here."""
        ...

    def get(self, app_id: str, name: str, day: str) -> int:
        """The day's count as far as it is known here."""
        ...

    def names(self, app_id: str, day: str) -> set[str]:
        """What was counted that day."""
        ...

    def clear(self, app_id: str, day: str) -> None:
        """Set all of the account's counts of that day to zero."""
        ...


class MemoryCounters:
    """DailyCounters of one process."""

    def __init__(self) -> None:
        self._counts: dict[_Day, dict[str, int]] = {}

    def add(self, app_id: str, name: str, day: str, n: int = 1) -> int:
        """Count `n` more."""
        counts = self._counts.get((app_id, day))
        if counts is None:
            counts = self._counts[app_id, day] = {}
            forget_old_days(self._counts)
        counts[name] = counts.get(name, 0) + n
        return counts[name]

    def get(self, app_id: str, name: str, day: str) -> int:
        """The day's count."""
        return self._counts.get((app_id, day), {}).get(name, 0)

    def names(self, app_id: str, day: str) -> set[str]:
        """What was counted that day."""
        return set(self._counts.get((app_id, day), ()))

    def clear(self, app_id: str, day: str) -> None:
        """Forget the account's counts of that day."""
        self._counts.pop((app_id, day), None)

    def take(self) -> dict[_Day, dict[str, int]]:
        """All counts; they are zero afterwards."""
        taken, self._counts = self._counts, {}
        return taken


def forget_old_days(counts: dict[_Day, dict[str, int]]) -> None:
    """Drop all but the newest two days."""
    kept = sorted({day for _app_id, day in counts})[-_KEPT_DAYS:]
    for key in [key for key in counts if key[1] not in kept]:
        del counts[key]


class SharedCounters:
    """DailyCounters of all replicas: counts here at once, and in Redis within a second.

    A relayed call thus costs no Redis command. What was counted while Redis was away is added
    when it is back. A count that was perhaps written (the answer was lost) is not written again:
    too low a sum is corrected by WeChat's own 45009, too high a one would hold back calls.
    """

    def __init__(self, link: RedisLink, keys: Keys, *, life_s: int = _LIFE_S) -> None:
        self._link = link
        self._keys = keys
        self._life_s = life_s
        self._known: dict[_Day, dict[str, int]] = {}  # what Redis said last, of all replicas
        self._pending = MemoryCounters()  # counted here, not yet in Redis
        self._cleared: set[_Day] = set()
        self._flushes = 0
        self._tasks = TaskSet()

    async def __aenter__(self) -> Self:
        """Begin to flush every second."""
        self._tasks.start(self._run(), name="flush counters")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Stop, with a last flush."""
        await self._tasks.aclose()
        await self.flush()

    def add(self, app_id: str, name: str, day: str, n: int = 1) -> int:
        """Count `n` more."""
        return self._pending.add(app_id, name, day, n) + self._known_count(app_id, name, day)

    def get(self, app_id: str, name: str, day: str) -> int:
        """The day's count, at most a second behind on an account with calls, else ten."""
        return self._pending.get(app_id, name, day) + self._known_count(app_id, name, day)

    def _known_count(self, app_id: str, name: str, day: str) -> int:
        # Being asked for is what makes an account known: the next flush reads it.
        return self._known.setdefault((app_id, day), {}).get(name, 0)

    def names(self, app_id: str, day: str) -> set[str]:
        """What was counted that day, as far as it is known here."""
        return self._pending.names(app_id, day) | set(self._known.get((app_id, day), ()))

    def clear(self, app_id: str, day: str) -> None:
        """Set all of the account's counts of that day to zero, here and in Redis."""
        self._pending.clear(app_id, day)
        self._known[app_id, day] = {}
        self._cleared.add((app_id, day))

    async def _run(self) -> None:
        while True:
            try:
                await self.flush()
            except Exception:
                # Whatever it was: the counts of the next second must still find their way.
                log.exception("counters not flushed")
            await asyncio.sleep(_FLUSH_S)

    async def flush(self) -> None:
        """Write what was counted since the last flush, and read the sums of all replicas."""
        cleared, self._cleared = self._cleared, set()
        written = self._pending.take()
        all_known = self._flushes % _REFRESH_FLUSHES == 0
        self._flushes += 1
        for app_id, day in {*cleared, *written, *(self._known if all_known else ())}:
            await self._flush_day(
                app_id, day, written.get((app_id, day), {}), clear=(app_id, day) in cleared
            )
        forget_old_days(self._known)

    async def _flush_day(
        self, app_id: str, day: str, counts: dict[str, int], *, clear: bool
    ) -> None:
        # Counted as known while under way, so that a reader never sees them missing.
        known = self._known.setdefault((app_id, day), {})
        for name, n in counts.items():
            known[name] = known.get(name, 0) + n
        try:
            self._known[app_id, day] = await self._exchange(app_id, day, counts, clear=clear)
        except KeySpoiled:
            # Begun anew by the next flush, with all that is known.
            self._cleared.add((app_id, day))
            for name, n in self._known.pop((app_id, day)).items():
                self._pending.add(app_id, name, day, n)
        except RedisAway as away:
            if away.sent:
                return
            if clear:
                self._cleared.add((app_id, day))
            for name, n in counts.items():
                known[name] -= n
                self._pending.add(app_id, name, day, n)

    async def _exchange(
        self, app_id: str, day: str, counts: dict[str, int], *, clear: bool
    ) -> dict[str, int]:
        key = self._keys.calls(app_id, day)

        async def write(redis: Redis) -> list[Any]:
            async with redis.pipeline(transaction=True) as pipeline:
                if clear:
                    pipeline.delete(key)
                for name, n in counts.items():
                    pipeline.hincrby(key, name, n)
                pipeline.expire(key, self._life_s)
                pipeline.hgetall(key)
                return await pipeline.execute()

        answers = await self._link.run(write, key)
        return dict(filter(None, map(_count_of, answers[-1].items())))


def _count_of(field: tuple[bytes, bytes]) -> tuple[str, int] | None:
    """One count as Redis holds it; None for what we have not written."""
    try:
        return field[0].decode(), int(field[1])
    except ValueError:
        return None
