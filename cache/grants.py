"""Calls of a rate that are granted ahead of time, where it is remembered when Redis is not there.

A grant counts from the moment in which it is made until a period after its last call may come, so
that no window holds more calls than were granted in it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from cache.rates import Rate
from cache.windows import Rule

_SLOTS = 50  # of a period
_SLOT_AT_LEAST_S = 0.5
_KEPT_AT_MOST_S = 30.0  # what is kept for long is missing elsewhere
_UNDER_WAY_S = 2.0  # a call that was granted may still be on its way to Redis

# How many calls were granted, by the slot of time at whose end they count no more.
Calls = dict[int, int]


class GrantsAway(Exception):
    """Nobody could be asked for a grant; it may have been made."""


class Granted(NamedTuple):
    """What is remembered of a rule."""

    calls: Calls
    strict_until: float = 0.0  # Unix time; Redis may not know of all calls as long


class Ask(NamedTuple):
    """What a gateway wants for the calls of one rule."""

    rule: Rule
    amount: int  # of calls that wait; 0: it only tells
    ahead: int = 0  # more of them, if Redis counts too
    strict: bool = False  # not beyond the rate; else Redis sees to that
    owed: int = 0  # calls that it let through since without a grant
    unused: Mapping[int, int] = {}  # what it gives back of earlier grants, by their slots


class Answer(NamedTuple):
    """What became of an Ask."""

    amount: int  # 0: refused, if it was for any
    slot: int
    used: int  # of the rate, this grant with it
    wait_s: float  # until calls are free again; 0 unless refused
    reset_s: float  # until all are
    strict: bool  # as it was asked: it binds all others, so that it does without Redis


class Grants(Protocol):
    """Grants calls to all gateways, one after the other."""

    async def grant(self, asks: Sequence[Ask]) -> Mapping[str, Answer]:
        """An answer to each, by the rule's key. Raises GrantsAway."""
        ...

    async def clear(self, rules: Sequence[Rule]) -> None:
        """Forget what was granted. Raises GrantsAway."""
        ...


def kept_s(rate: Rate) -> float:
    """How long a gateway may keep calls that it was granted."""
    return min(_slot_s(rate), _KEPT_AT_MOST_S)


def at_once(rate: Rate) -> int:
    """How many calls a gateway asks for, if Redis counts too."""
    return max(1, int(rate.count * min(1 / _SLOTS, kept_s(rate) / rate.period_s)))


def decide(granted: Granted, ask: Ask, *, now: float) -> tuple[Granted, Answer]:
    """The answer, and what is granted after it.

    For a period after somebody did without Redis, which may not know of those calls, no more is
    granted to anybody than the rate.
    """
    rate, slot_s = ask.rule.rate, _slot_s(ask.rule.rate)
    calls = _still_counting(granted.calls, ask.unused, now / slot_s)
    slot = math.ceil((now + rate.period_s + kept_s(rate)) / slot_s)
    strict_until = granted.strict_until
    if ask.strict:
        strict_until = max(strict_until, now + rate.period_s + kept_s(rate) + _UNDER_WAY_S)
    used = sum(calls.values()) + ask.owed
    bounded = now < strict_until
    amount = min(ask.amount, max(0, _most(rate) - used)) if bounded else ask.amount + ask.ahead
    if ask.owed + amount:
        calls[slot] = calls.get(slot, 0) + ask.owed + amount
    ends = [each * slot_s - now for each in sorted(calls)] or [0.0]
    wait_s = 0.0 if amount else ends[0]
    answer = Answer(amount, slot, used + amount, wait_s, ends[-1], ask.strict)
    return Granted(calls, strict_until), answer


def over_at(granted: Granted, rate: Rate) -> float:
    """The Unix time from which nothing of it matters any more."""
    return max(max(granted.calls, default=0) * _slot_s(rate), granted.strict_until)


def _still_counting(calls: Calls, unused: Mapping[int, int], now_in_slots: float) -> Calls:
    left = {
        slot: count - min(count, unused.get(slot, 0))
        for slot, count in calls.items()
        if slot > now_in_slots
    }
    return {slot: count for slot, count in left.items() if count}


def _slot_s(rate: Rate) -> float:
    return max(_SLOT_AT_LEAST_S, rate.period_s / _SLOTS)


def _most(rate: Rate) -> int:
    return rate.count if rate.exact else rate.count + rate.burst
