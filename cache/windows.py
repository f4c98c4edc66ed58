import math
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol
from urllib.parse import quote

from cache.rates import Rate, share_of
from cache.stats import Fill
from core.clock import Clock

_MAX_KEYS = 50_000
_ROUNDING_S = 1e-6


class Rule(NamedTuple):
    """One rate, and the window in which its calls are counted."""

    key: str
    rate: Rate


class Standing(NamedTuple):
    """How a window stands."""

    rule: Rule
    used: int
    remaining: int
    reset_s: float  # until a call more is free again; 0 where none is taken


class Verdict(NamedTuple):
    """What came of one call: admitted if it need not wait."""

    tightest: Standing | None  # of the rule that refused, else of the one with the fewest left
    wait_s: float


class Windows(Protocol):
    """Counts calls in sliding windows. Never fails."""

    async def hit(self, rules: Sequence[Rule]) -> Verdict:
        """Judge one call by all rules and count it in all of their windows, or in none."""
        ...

    async def look(self, rules: Sequence[Rule]) -> list[Standing]:
        """How each window stands; counts nothing."""
        ...

    async def clear(self, rules: Sequence[Rule]) -> None:
        """Empty these windows, here and wherever they are counted together."""
        ...

    @property
    def shared(self) -> bool:
        """Whether other gateways' calls are counted too, now."""
        ...

    @property
    def gateways(self) -> int:
        """How many gateways there were lately, this one too."""
        ...


def window_key(*parts: str) -> str:
    """One name for these parts; no two lists of parts share one, whatever they hold."""
    return ":".join(quote(part, safe="/*") for part in parts)


class _Log:
    """The time of each call: exact."""

    __slots__ = ("_left", "_own", "_times", "_told_at")

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._told_at = -math.inf
        self._own = self._left = 0

    def tell(self, left: int, now: float) -> None:
        """Remember how many calls all gateways had left, when this one had made so many."""
        self._own, self._left, self._told_at = len(self._times), left, now

    def alone(self, rate: Rate, gateways: int, now: float) -> int:
        """The calls in a window that one of so many gateways may make without asking.

        Its share; within a period of the last word not more than it had made and its part of what
        was left: then they stay under the rate together, however unequal their callers are.
        """
        share = share_of(rate, gateways).count
        if now - self._told_at >= rate.period_s:
            return share
        return min(self._own + self._left // gateways, max(self._own, share))

    def free_s(self, rate: Rate, now: float) -> float:
        """When a gateway that may make no call alone gets a share again, in seconds."""
        return self._told_at + rate.period_s - now

    def wait_s(self, rate: Rate, now: float) -> float:
        times, gone = self._times, now - rate.period_s
        while times and times[0] <= gone:
            times.popleft()
        over = len(times) - rate.count
        return 0.0 if over < 0 else times[over] - gone

    def take(self, rate: Rate, now: float) -> int:
        times = self._times
        if len(times) >= rate.count:  # judged elsewhere, where more was let through
            times.popleft()
        times.append(now)
        return rate.count - len(times)

    def standing(self, rule: Rule, now: float) -> Standing:
        used = len(self._times)
        reset_s = max(0.0, self._times[0] + rule.rate.period_s - now) if used else 0.0
        return Standing(rule, used, max(0, rule.rate.count - used), reset_s)


class _Flow:
    """One time that stands for all calls: when what they filled will have drained (GCRA)."""

    __slots__ = ("_empty_at",)

    def __init__(self) -> None:
        self._empty_at = 0.0

    def wait_s(self, rate: Rate, now: float) -> float:
        wait_s = self._empty_at - now - (rate.burst - 1) * rate.interval_s
        return wait_s if wait_s > _ROUNDING_S else 0.0

    def take(self, rate: Rate, now: float) -> int:
        self._empty_at = (max(now, self._empty_at)) + rate.interval_s
        return rate.burst - self._used(rate, self._empty_at - now)

    def standing(self, rule: Rule, now: float) -> Standing:
        rate, filled_s = rule.rate, max(0.0, self._empty_at - now)
        used = self._used(rate, filled_s)
        return Standing(rule, used, rate.burst - used, filled_s)

    def _used(self, rate: Rate, filled_s: float) -> int:
        return min(rate.burst, math.ceil((filled_s - _ROUNDING_S) / rate.interval_s))


class MemoryWindows:
    """Windows of one process; the least recently used go when there are too many."""

    shared = False
    gateways = 1

    def __init__(self, *, max_keys: int = _MAX_KEYS, monotonic: Clock = time.monotonic) -> None:
        self._max_keys = max_keys
        self._monotonic = monotonic
        self._windows: OrderedDict[str, _Log | _Flow] = OrderedDict()

    async def hit(self, rules: Sequence[Rule]) -> Verdict:
        """Judge and count one call."""
        return self.hit_now(rules)

    def hit_now(self, rules: Sequence[Rule]) -> Verdict:
        """`hit`, which never waits here."""
        now = self._monotonic()
        taken: list[tuple[Rule, _Log | _Flow]] = []
        refused, longest_s = None, 0.0
        for rule in rules:
            window = self._window(rule)
            wait_s = window.wait_s(rule.rate, now)
            if wait_s > longest_s:
                refused, longest_s = (rule, window), wait_s
            taken.append((rule, window))
        if refused is not None:
            return Verdict(refused[1].standing(refused[0], now)._replace(remaining=0), longest_s)
        fewest, tightest = 0, taken[0] if taken else None
        for one in taken:
            left = one[1].take(one[0].rate, now)
            if one is taken[0] or left < fewest:
                fewest, tightest = left, one
        return Verdict(tightest and tightest[1].standing(tightest[0], now), 0.0)

    def hit_alone(self, rules: Sequence[Rule], gateways: int) -> Verdict:
        """`hit` by what one of so many gateways may admit without asking the others."""
        now, alone = self._monotonic(), []
        for rule in rules:
            window = self._window(rule)
            if isinstance(window, _Flow):
                alone.append(Rule(rule.key, share_of(rule.rate, gateways)))
            elif count := window.alone(rule.rate, gateways, now):
                alone.append(Rule(rule.key, replace(rule.rate, count=count)))
            else:
                wait_s = window.free_s(rule.rate, now)
                return Verdict(Standing(rule, rule.rate.count, 0, wait_s), wait_s)
        return self.hit_now(alone)

    def note(self, standings: Iterable[Standing], *, taken: bool) -> None:
        """Keep what was judged elsewhere: the call, if it was `taken`, and how many are left."""
        now = self._monotonic()
        for rule, _used, left, _reset_s in standings:
            window = self._window(rule)
            window.wait_s(rule.rate, now)  # forgets what is over
            if taken:
                window.take(rule.rate, now)
            if isinstance(window, _Log):
                window.tell(left, now)

    async def look(self, rules: Sequence[Rule]) -> list[Standing]:
        """How each window stands."""
        now = self._monotonic()
        standings = []
        for rule in rules:
            window = self._windows.get(rule.key) or _new(rule)
            window.wait_s(rule.rate, now)
            standings.append(window.standing(rule, now))
        return standings

    async def clear(self, rules: Sequence[Rule]) -> None:
        """Forget the calls of these windows."""
        for rule in rules:
            self._windows.pop(rule.key, None)

    def fill(self) -> Fill:
        """How many windows there are."""
        return Fill(entries=len(self), capacity=self._max_keys)

    def __len__(self) -> int:
        return len(self._windows)

    def _window(self, rule: Rule) -> _Log | _Flow:
        window = self._windows.get(rule.key)
        if window is None:
            window = self._windows[rule.key] = _new(rule)
            if len(self._windows) > self._max_keys:
                self._windows.popitem(last=False)
        else:
            self._windows.move_to_end(rule.key)
        return window


def _new(rule: Rule) -> _Log | _Flow:
    return _Log() if rule.rate.exact else _Flow()


def tightest_of(standings: Iterable[Standing]) -> Standing:
    """The one with the fewest calls left."""
    return min(standings, key=lambda standing: standing.remaining)


def shares_of(rules: Sequence[Rule], gateways: int) -> Sequence[Rule]:
    """The same windows with what one of so many gateways may admit alone."""
    if gateways <= 1:
        return rules
    return [Rule(rule.key, share_of(rule.rate, gateways)) for rule in rules]
