"""What both backends of the windows are tested with."""

from collections.abc import Iterable

from cache.rates import parse_rates
from cache.windows import Rule, window_key


def rules(*texts: str, name: str = "blog") -> list[Rule]:
    """A rule for each rate of each text."""
    return [
        Rule(window_key(name, text, str(rate.period_s)), rate)
        for text in texts
        for rate in parse_rates(text)
    ]


def most_in_a_window(times: Iterable[float], period_s: float) -> int:
    """By brute force: the most of `times` that lie in any half-open window of that length."""
    listed = sorted(times)
    return max((sum(1 for t in listed if a <= t < a + period_s) for a in listed), default=0)
