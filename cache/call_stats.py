import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

_MOST_SERIES = 1_000
OTHER = "other"  # the endpoint under which series beyond that are added up
_FINEST_S = 0.001
_A_DOUBLING = 4  # buckets to a doubling: what is told is at most 19 % above the truth
_LAST_BUCKET = 17 * _A_DOUBLING  # 131 s

Row = dict[str, Any]


class Labels(NamedTuple):
    """What a call was, and whose; empty where that was not known."""

    endpoint: str
    client: str
    account: str


class _Series:
    """Calls of the same labels."""

    __slots__ = ("buckets", "calls", "errors")

    def __init__(self) -> None:
        self.calls = 0
        self.errors: dict[str, int] = {}
        self.buckets: dict[int, int] = {}

    def add(self, other: "_Series") -> None:
        self.calls += other.calls
        _add(self.errors, other.errors)
        _add(self.buckets, other.buckets)


class CallStats:
    """Counts calls, errors and latencies of this process, of the last used labels one by one."""

    def __init__(self, *, most_series: int = _MOST_SERIES) -> None:
        self._most = most_series
        self._series: OrderedDict[Labels, _Series] = OrderedDict()

    def record(self, labels: Labels, seconds: float, error: str = "") -> None:
        """Note a call; `error` is whose it was and its category, as "wechat auth"."""
        series = self._series_of(labels)
        series.calls += 1
        bucket = _bucket(seconds)
        series.buckets[bucket] = series.buckets.get(bucket, 0) + 1
        if error:
            series.errors[error] = series.errors.get(error, 0) + 1

    def _series_of(self, labels: Labels) -> _Series:
        series = self._series.get(labels)
        if series is not None:
            self._series.move_to_end(labels)
            return series
        series = self._series[labels] = _Series()
        if len(self._series) > self._most:
            other = Labels(OTHER, "", "")
            folded = self._series.pop(other, None) or _Series()
            folded.add(self._series.popitem(last=False)[1])
            self._series[other] = folded
            if len(self._series) > self._most:  # `other` itself is the newcomer
                folded.add(self._series.popitem(last=False)[1])
        return series

    def describe(self) -> list[Row]:
        """All series as JSON, for `tables_of` of this process or another."""
        return [
            {
                **labels._asdict(),
                "calls": series.calls,
                "errors": dict(series.errors),
                "buckets": {str(bucket): n for bucket, n in series.buckets.items()},
            }
            for labels, series in self._series.items()
        ]


def tables_of(rows: Iterable[Row], shown: Callable[[Labels], bool]) -> dict[str, Any]:
    """The rows of all processes that may be shown, summed: in all, and by each label."""
    total = _Series()
    tables: dict[str, dict[str, _Series]] = {"endpoints": {}, "clients": {}, "accounts": {}}
    for row in rows:
        labels = Labels(row["endpoint"], row["client"], row["account"])
        if not shown(labels):
            continue
        for series in (total, *_places(tables, labels)):
            series.calls += row["calls"]
            _add(series.errors, row["errors"])
            _add(series.buckets, {int(bucket): n for bucket, n in row["buckets"].items()})
    named = {
        name: {key: _told(series) for key, series in sorted(table.items())}
        for name, table in tables.items()
    }
    return {"total": _told(total), **named}


def _places(tables: Mapping[str, dict[str, _Series]], labels: Labels) -> Iterable[_Series]:
    for table, key in zip(tables.values(), labels, strict=True):
        if key:
            yield table.setdefault(key, _Series())


def _told(series: _Series) -> Row:
    latency_ms = {
        f"p{percent}": _percentile_ms(series.buckets, percent / 100) for percent in (50, 90, 99)
    }
    errors = dict(sorted(series.errors.items()))
    return {"calls": series.calls, "errors": errors, "latency_ms": latency_ms}


def _bucket(seconds: float) -> int:
    if seconds <= _FINEST_S:
        return 0
    return min(math.ceil(math.log2(seconds / _FINEST_S) * _A_DOUBLING), _LAST_BUCKET)


def _percentile_ms(buckets: Mapping[int, int], share: float) -> float | None:
    """The upper end of the bucket that the call of this rank is in."""
    rank = share * sum(buckets.values())
    passed = 0
    for bucket in sorted(buckets):
        passed += buckets[bucket]
        if passed >= rank:
            return float(f"{1_000 * _FINEST_S * 2 ** (bucket / _A_DOUBLING):.3g}")
    return None


def _add(counts: dict[Any, int], more: Mapping[Any, int]) -> None:
    for key, n in more.items():
        counts[key] = counts.get(key, 0) + n
