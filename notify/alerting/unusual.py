"""What is usual for an account, and what is not."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

DAY_S = 86_400
HOUR_S = 3_600
DAYS = 28  # how far back is looked
_LEAST_WEEKS = 2  # before them the same weekday says nothing
# How many median absolute deviations make a standard deviation, if numbers are normal.
_MAD_TO_DEVIATION = 1.4826
# Where numbers hardly differed so far, this share of the usual still says nothing.
_LEAST_SHARE = 0.1
_OVER_AT = 0.5  # of the score that makes an alert


@dataclass(frozen=True, slots=True)
class Usual:
    """What an account's calls in an hour usually are."""

    calls: float
    deviation: float

    def score(self, calls: int) -> float:
        """How many deviations `calls` is away from it; less than 0: too few."""
        return (calls - self.calls) / self.deviation


def spans(end: int) -> list[tuple[int, int]]:
    """The hour that ends at `end`, and the same of each day before, newest first."""
    return [(end - HOUR_S - day * DAY_S, end - day * DAY_S) for day in range(DAYS + 1)]


def usual_of(samples: Sequence[int]) -> Usual:
    """The median, and how far numbers stray from it: outliers of the past count little.

    A deviation is never less than what chance alone makes of so many independent calls.
    """
    middle = median(samples)
    strays = median(abs(sample - middle) for sample in samples) * _MAD_TO_DEVIATION
    return Usual(middle, max(strays, math.sqrt(middle), _LEAST_SHARE * middle, 1.0))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of an account's last hour."""

    unusual: bool
    over: bool  # it is so near the usual again that an alert has ended
    calls: int
    usual: float


def judge(
    by_span: Mapping[int, int],
    end: int,
    *,
    first_at: int,
    min_days: int,
    min_calls: int,
    score: float,
) -> Verdict | None:
    """Hold the hour before `end` against the same hour of earlier days, and of that weekday.

    Days since `first_at`, the account's first call, count with no call at all. It has to be away
    from both, so that a quiet Sunday after six working days is nothing. None: nobody can tell,
    of so few days.
    """
    (begin, _), *earlier = spans(end)
    days = [by_span.get(at, 0) for at, _ in earlier if at >= first_at]
    if len(days) < min_days:
        return None
    calls, usual = by_span.get(begin, 0), usual_of(days)
    weekdays = days[6::7]
    views = [usual, usual_of(weekdays)] if len(weekdays) >= _LEAST_WEEKS else [usual]
    scores = [view.score(calls) for view in views]
    enough = max(calls, usual.calls) >= min_calls
    away = min(scores) if calls > usual.calls else -max(scores)
    return Verdict(
        unusual=enough and away >= score,
        over=not enough or away < score * _OVER_AT,
        calls=calls,
        usual=usual.calls,
    )
