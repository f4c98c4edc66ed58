"""Grants of one process, for the tests of what is built on them."""

from collections.abc import Mapping, Sequence

from cache.grants import Answer, Ask, Granted, GrantsAway, decide
from cache.windows import Rule
from core.clock import Clock

_TELLING_S = 2.0


class OwnGrants:
    """Grants in memory, as many gateways as share it; by the rules of the real one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.granted: dict[str, Granted] = {}
        self.apart_at = -1e9
        self.away = False
        self.asked: list[list[Ask]] = []

    async def grant(self, asks: Sequence[Ask], *, apart: bool) -> Mapping[str, Answer]:
        if self.away:
            raise GrantsAway
        self.asked.append(list(asks))
        now = self._clock()
        self.apart_at = now if apart else self.apart_at
        answers = {}
        for ask in asks:
            key, period_s = ask.rule.key, ask.rule.rate.period_s
            bounded = ask.strict or now - self.apart_at < period_s + _TELLING_S
            self.granted[key], answers[key] = decide(
                self.granted.get(key, {}), ask, now=now, bounded=bounded
            )
        return answers

    async def clear(self, rules: Sequence[Rule]) -> None:
        if self.away:
            raise GrantsAway
        for rule in rules:
            self.granted.pop(rule.key, None)
