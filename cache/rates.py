from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated

from limits import parse_many
from pydantic import AfterValidator

# Up to so many calls a window, the time of each is kept; above, one number stands for all.
EXACT_UP_TO = 1_000
_MOST = 1_000_000_000
_LONGEST_S = 366 * 86_400  # Redis could not keep a window of millions of years
_NONE = ("", "none")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls in any `period_s` seconds.

    An exact one admits never more than `count`; the others at most `count + burst`, of which
    `burst` at once.
    """

    count: int
    period_s: int
    exact: bool
    burst: int = field(init=False)  # what may come at once of a rate that is not exact
    interval_s: float = field(init=False)  # from one call to the next at this rate

    def __post_init__(self) -> None:
        object.__setattr__(self, "burst", max(1, self.count // 10))
        object.__setattr__(self, "interval_s", self.period_s / self.count)


@lru_cache(maxsize=4_096)
def parse_rates(text: str) -> tuple[Rate, ...]:
    """The rates of "10/minute" or "600/minute; 5/second"; none of "" or "none".

    Raises ValueError with a text in both languages.
    """
    if text.strip().lower() in _NONE:
        return ()
    try:
        items = parse_many(text)
    except ValueError:
        raise _not_a_rate() from None
    if not all(0 < item.amount <= _MOST and item.get_expiry() <= _LONGEST_S for item in items):
        raise _not_a_rate()
    return tuple(
        Rate(item.amount, item.get_expiry(), exact=item.amount <= EXACT_UP_TO) for item in items
    )


@lru_cache(maxsize=4_096)
def share_of(rate: Rate, gateways: int) -> Rate:
    """What one of so many gateways may admit when they cannot count together."""
    return Rate(max(1, rate.count // gateways), rate.period_s, rate.exact)


def _not_a_rate() -> ValueError:
    return ValueError(
        '应形如 "10/minute" 或 "600/minute; 5/second"，不限写 "none" / '
        'must look like "10/minute" or "600/minute; 5/second", or "none" for any number'
    )


def _checked_rate(text: str) -> str:
    parse_rates(text)
    return text


def _checked_pattern(text: str) -> str:
    if not text.startswith("/") or "?" in text or "*" in text[:-1]:
        raise ValueError(
            '应为接口路径，如 "/cgi-bin/draft/add"；* 只能在末尾 / '
            'must be an API path, as "/cgi-bin/draft/add"; * only at its end'
        )
    return text


# Settings that hold rates.
RateText = Annotated[str, AfterValidator(_checked_rate)]
PathPattern = Annotated[str, AfterValidator(_checked_pattern)]
RatesByPath = dict[PathPattern, RateText]
