"""Grants of one process, for the tests of what is built on them."""

from collections.abc import Mapping, Sequence

from cache.grants import Answer, Ask, Granted, GrantsAway, decide
from cache.windows import Rule
from core.clock import Clock


class OwnGrants:
    """Grants in memory, of as many gateways as share it; by the rules of the real one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._granted: dict[str, Granted] = {}
        self.away = False
        self.asked: list[list[Ask]] = []

    async def grant(self, asks: Sequence[Ask]) -> Mapping[str, Answer]:
        if self.away:
            raise GrantsAway
        self.asked.append(list(asks))
        answers = {}
        for ask in asks:
            key = ask.rule.key
            before = self._granted.get(key, Granted({}))
            self._granted[key], answers[key] = decide(before, ask, now=self._clock())
        return answers

    async def clear(self, rules: Sequence[Rule]) -> None:
        if self.away:
            raise GrantsAway
        assert rules, "there is nothing to lock"
        for rule in rules:
            self._granted.pop(rule.key, None)

    def granted(self, rule: Rule) -> int:
        """How many calls of the rule count."""
        return sum(self._granted[rule.key].calls.values())
