import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

# Unix time in seconds; `time.time` in the product, a number that tests move in the tests.
Clock = Callable[[], float]


class Clocks(NamedTuple):
    """The time of day, which people and NTP set, and the time that passes."""

    wall: Clock
    monotonic: Clock


SYSTEM_CLOCKS = Clocks(time.time, time.monotonic)

# WeChat's daily quotas start anew at midnight in Shanghai, which has had no DST since 1991.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


def shanghai_day(at: float) -> str:
    """The calendar day in Shanghai at Unix time `at`, as YYYY-MM-DD."""
    return datetime.fromtimestamp(at, SHANGHAI).strftime("%Y-%m-%d")


def next_shanghai_midnight(at: float) -> float:
    """Unix time of the first midnight in Shanghai after `at`."""
    day = datetime.fromtimestamp(at, SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    return (day + timedelta(days=1)).timestamp()


def rfc3339(at: float) -> str:
    """Unix time as RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
