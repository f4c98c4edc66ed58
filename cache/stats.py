import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from cache.redis import RedisLink
from core.clock import Clock, rfc3339
from core.metrics import Metrics

Event = Literal["hit", "miss", "coalesced", "stale", "set", "eviction", "expiration", "error"]

_NAMES: dict[Event, str] = {
    "hit": "hits",
    "miss": "misses",
    "coalesced": "coalesced_waits",
    "stale": "stale_served",
    "set": "sets",
    "eviction": "evictions",
    "expiration": "expirations",
    "error": "errors",
}


class Fill(NamedTuple):
    """How full a cache is; None where the backend cannot tell cheaply."""

    entries: int | None = None
    bytes: int | None = None
    capacity: int | None = None


@dataclass(slots=True)
class _Bucket:
    at: int  # in its own unit of time
    counts: dict[Event, int]


class _Window:
    """Counts of the last so many buckets."""

    def __init__(self, bucket_s: int, buckets: int) -> None:
        self._bucket_s = bucket_s
        self._buckets: deque[_Bucket] = deque(maxlen=buckets)

    def add(self, event: Event, now: float, n: int) -> None:
        at = int(now // self._bucket_s)
        if not self._buckets or self._buckets[-1].at != at:
            self._buckets.append(_Bucket(at, {}))
        counts = self._buckets[-1].counts
        counts[event] = counts.get(event, 0) + n

    def since(self, now: float, seconds: int) -> dict[Event, int]:
        oldest = int(now // self._bucket_s) - seconds // self._bucket_s
        found: dict[Event, int] = {}
        for bucket in reversed(self._buckets):
            if bucket.at <= oldest:
                break
            for event, n in bucket.counts.items():
                found[event] = found.get(event, 0) + n
        return found


class _Series:
    """Counts of one account: since start, by the minute for an hour, by the quarter for a day."""

    def __init__(self) -> None:
        self.total: dict[Event, int] = {}
        self._hour = _Window(60, 60)
        self._day = _Window(900, 96)

    def add(self, event: Event, now: float, n: int) -> None:
        self.total[event] = self.total.get(event, 0) + n
        self._hour.add(event, now, n)
        self._day.add(event, now, n)

    def windows(self, now: float) -> dict[str, Any]:
        return {
            "5m": _named(self._hour.since(now, 300)),
            "1h": _named(self._hour.since(now, 3_600)),
            "24h": _named(self._day.since(now, 86_400)),
        }


class CacheStats:
    """What happened in one cache on one backend, per account."""

    def __init__(self, cache: str, backend: str, metrics: Metrics, *, clock: Clock) -> None:
        self.cache = cache
        self.backend = backend
        self._clock = clock
        self._series: dict[str, _Series] = {}
        self._counters = {event: metrics.cache.labels(cache, event) for event in _NAMES}

    def count(self, event: Event, account: str, n: int = 1) -> None:
        """Note that `event` happened `n` times for `account`."""
        series = self._series.get(account)
        if series is None:
            series = self._series[account] = _Series()
        series.add(event, self._clock(), n)
        self._counters[event].inc(n)

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """By account: the counts since start, and under `windows` those of 5m, 1h and 24h."""
        now = self._clock()
        return {
            account: {**_named(series.total), "windows": series.windows(now)}
            for account, series in self._series.items()
        }


def _named(counts: dict[Event, int]) -> dict[str, Any]:
    named: dict[str, Any] = {name: counts.get(event, 0) for event, name in _NAMES.items()}
    asked = named["hits"] + named["misses"]
    named["ratio"] = round(named["hits"] / asked, 4) if asked else None
    return named


class CacheStatistics:
    """All caches of the process, as `GET /v1/stats/cache` shows them.

    A cache registers its CacheStats and how to ask how full it is; other parts add sections, such
    as the tokens' ages.
    """

    def __init__(self, metrics: Metrics, *, clock: Clock = time.time) -> None:
        self.metrics = metrics
        self._clock = clock
        self._started = clock()
        self._caches: list[tuple[CacheStats, Callable[[], Fill]]] = []
        self._sections: dict[str, Callable[[], object]] = {}

    def register(self, cache: str, backend: str, fill: Callable[[], Fill] = Fill) -> CacheStats:
        """The counter of a new cache, shown from now on."""
        stats = CacheStats(cache, backend, self.metrics, clock=self._clock)
        self._caches.append((stats, fill))
        return stats

    def add_section(self, name: str, describe: Callable[[], object]) -> None:
        """Show what `describe()` returns under `name`; it must be JSON and hold no secret."""
        self._sections[name] = describe

    def add_redis(self, link: RedisLink) -> None:
        """Show its kind, whether it is up, since when, and how often memory had to take over.

        One that is not for all, as that of the limits, stands beside it as `redis_limits`.
        """
        labels = {"kind": link.kind, "purpose": link.purpose}
        self.metrics.redis_up.labels(**labels).set_function(lambda: float(link.up))
        self.metrics.redis_switches.labels(**labels).set_function(lambda: link.switches)
        self.add_section(
            "redis" if link.purpose == "all" else f"redis_{link.purpose}",
            lambda: {
                "kind": link.kind,
                "nodes": len(link.nodes.all()),
                "up": link.up,
                "since": rfc3339(link.since),
                "switches": link.switches,
                "errors": link.errors,
            },
        )

    def snapshot(self) -> dict[str, Any]:
        """`{since, caches[{cache, backend, entries…, accounts{…}}], …sections}`."""
        return {
            "since": rfc3339(self._started),
            "caches": [
                {
                    "cache": stats.cache,
                    "backend": stats.backend,
                    **fill()._asdict(),
                    "accounts": stats.snapshot(),
                }
                for stats, fill in self._caches
            ],
            **{name: describe() for name, describe in self._sections.items()},
        }
