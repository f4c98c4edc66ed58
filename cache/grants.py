"""Calls of a rate that are granted ahead of time, where it is remembered when Redis is not there.

A grant counts from the moment in which it is made until a period after its last call may come, so
that no window holds more calls than were granted in it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from cache.rates import Rate
from cache.windows import Rule

# Of a rate and of its period: what is granted at once, and how long it may be kept.
_PARTS = 50
_KEPT_AT_LEAST_S = 0.5  # a database that is asked has not always answered sooner

# How many calls were granted, by the slot of time at whose end they count no more.
Granted = dict[int, int]


class GrantsAway(Exception):
    """Nobody could be asked for a grant; it may have been made."""


class Ask(NamedTuple):
    """What a gateway wants for the calls of one rule."""

    rule: Rule
    amount: int  # of calls, at least 1
    strict: bool = False  # not beyond the rate; else Redis sees to that
    owed: int = 0  # calls that it let through since without a grant
    unused: tuple[int, int] = (0, 0)  # the slot of its last grant, and what it gives back of that


class Answer(NamedTuple):
    """What became of an Ask."""

    amount: int  # 0: refused
    slot: int
    used: int  # of the rate, this grant with it
    wait_s: float  # until calls are free again; 0 unless refused
    reset_s: float  # until all are
    bounded: bool  # whether this grant keeps the rate by itself, without Redis


class Grants(Protocol):
    """Grants calls to all gateways, one after the other."""

    async def grant(self, asks: Sequence[Ask], *, apart: bool) -> Mapping[str, Answer]:
        """An answer to each, by the rule's key. Raises GrantsAway.

        `apart`: who asks does without Redis. For a period after somebody did, all is strict.
        """
        ...

    async def clear(self, rules: Sequence[Rule]) -> None:
        """Forget what was granted. Raises GrantsAway."""
        ...


def kept_s(rate: Rate) -> float:
    """How long a gateway may keep calls that it was granted."""
    return max(_KEPT_AT_LEAST_S, rate.period_s / _PARTS)


def at_once(rate: Rate) -> int:
    """How many calls a gateway asks for, if Redis counts too."""
    return max(1, rate.count // _PARTS)


def decide(granted: Granted, ask: Ask, *, now: float, bounded: bool) -> tuple[Granted, Answer]:
    """The answer, and what is granted after it."""
    rate = ask.rule.rate
    slot_s = kept_s(rate)
    left = {slot: amount for slot, amount in granted.items() if slot * slot_s > now}
    slot, unused = ask.unused
    if slot in left:
        left[slot] -= min(unused, left[slot])
    slot = math.ceil((now + rate.period_s + slot_s) / slot_s)
    if ask.owed:
        left[slot] = left.get(slot, 0) + ask.owed
    used = sum(left.values())
    amount = min(ask.amount, max(0, _most(rate) - used)) if bounded else ask.amount
    if amount:
        left[slot] = left.get(slot, 0) + amount
    left = {slot: amount for slot, amount in left.items() if amount}
    ends = [slot * slot_s - now for slot in sorted(left)]
    wait_s = 0.0 if amount else ends[0]
    return left, Answer(amount, slot, used + amount, wait_s, ends[-1], bounded)


def _most(rate: Rate) -> int:
    return rate.count if rate.exact else rate.count + rate.burst
