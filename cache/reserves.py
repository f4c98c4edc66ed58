import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from cache.grants import Answer, Ask, Grants, GrantsAway, at_once, kept_s
from cache.windows import Rule, Standing
from core.clock import Clock
from core.tasks import TaskSet

_MAX_KEYS = 50_000


class Reserve:
    """Calls of one rule that were granted to this gateway, or that none were."""

    __slots__ = ("answer", "ends_at", "left")

    def __init__(self, answer: Answer, ends_at: float) -> None:
        self.answer = answer
        self.left = answer.amount
        self.ends_at = ends_at  # by the monotonic clock

    def standing(self, rule: Rule) -> Standing:
        """How the rule stands, as far as this gateway knows."""
        used = self.answer.used - self.left
        reset_s = self.answer.reset_s if self.answer.amount else self.answer.wait_s
        return Standing(rule, used, max(0, rule.rate.count - used), reset_s)


class Taken(NamedTuple):
    """One call of each rule; or how those stand that refused it, and for how long."""

    standings: list[Standing]
    reserves: list[Reserve]
    wait_s: float = 0.0

    def give_back(self) -> None:
        """The call was not let through after all."""
        for reserve in self.reserves:
            reserve.left += 1


class Reserves:
    """What this gateway may let through by grants (cache/grants.py).

    One question at a time goes out, for all who wait: a burst of calls costs two.
    """

    def __init__(
        self,
        grants: Grants,
        *,
        tasks: TaskSet,
        monotonic: Clock = time.monotonic,
        max_keys: int = _MAX_KEYS,
    ) -> None:
        self._grants = grants
        self._tasks = tasks
        self._monotonic = monotonic
        self._max_keys = max_keys
        self._reserves: OrderedDict[str, Reserve] = OrderedDict()
        self._owed: dict[str, int] = {}
        self._wanted: dict[Rule, int] = {}
        self._strict: set[Rule] = set()
        self._apart = False  # whether one of those who want them does without Redis
        self._next: asyncio.Task[bool] | None = None
        self._asked: asyncio.Task[bool] | None = None

    async def take(
        self, rules: Sequence[Rule], *, strict: Collection[Rule] = (), apart: bool = False
    ) -> Taken:
        """Take one call of each rule, or of none. Raises GrantsAway.

        For those that are `strict` no grant does that was made on the word that Redis counts too.
        `apart`: they all are, since Redis is away.
        """
        strict = rules if apart else strict
        while True:
            kept = [self._kept(rule, strict=rule in strict) for rule in rules]
            refused = [
                reserve.standing(rule)
                for rule, reserve in zip(rules, kept, strict=True)
                if reserve and not reserve.answer.amount
            ]
            if refused:
                return Taken(refused, [], max(standing.reset_s for standing in refused))
            if short := [rule for rule, one in zip(rules, kept, strict=True) if one is None]:
                await self._ask(short, strict, apart=apart)
                continue
            return _taken(rules, [reserve for reserve in kept if reserve])

    def owe(self, rules: Sequence[Rule]) -> None:
        """A call was let through without a grant; it will count with the next one."""
        for rule in rules:
            self._owe(rule.key, 1)

    async def clear(self, rules: Sequence[Rule]) -> None:
        """Forget what was granted and what is owed. Raises GrantsAway."""
        for rule in rules:
            self._reserves.pop(rule.key, None)
            self._owed.pop(rule.key, None)
        await self._grants.clear(rules)

    def _kept(self, rule: Rule, *, strict: bool) -> Reserve | None:
        """What there is for one call more of the rule, or against it."""
        reserve = self._reserves.get(rule.key)
        if reserve is None or self._monotonic() >= reserve.ends_at:
            return None
        if reserve.left and (reserve.answer.bounded or not strict):
            return reserve
        return None if reserve.answer.amount else reserve

    async def _ask(self, rules: Sequence[Rule], strict: Collection[Rule], *, apart: bool) -> None:
        """Have the next question asked for `rules` too, or hear what is answered just now."""
        if self._asked is None:
            self._apart |= apart
            self._strict.update(rule for rule in rules if rule in strict)
            for rule in rules:
                self._wanted[rule] = self._wanted.get(rule, 0) + 1
            self._next = self._next or self._tasks.start(self._question(), name="grants of calls")
        answered = self._asked or self._next
        if answered is not None and not await asyncio.shield(answered):
            raise GrantsAway

    async def _question(self) -> bool:
        """Ask for all that is wanted now; False where nobody answers."""
        self._asked, self._next = self._next, None
        wanted, self._wanted = self._wanted, {}
        strict, self._strict = self._strict, set()
        apart, self._apart = self._apart, False
        asks = [
            self._ask_for(rule, callers, strict=rule in strict) for rule, callers in wanted.items()
        ]
        at = self._monotonic()
        try:
            answers = await self._grants.grant(asks, apart=apart)
        except GrantsAway:
            for ask in asks:
                self._owe(ask.rule.key, ask.owed)
            return False
        finally:
            self._asked = None
        for ask in asks:
            self._keep(ask.rule, answers[ask.rule.key], at)
        # What was answered too late to be used would be asked for again, without end.
        return all(self._monotonic() < at + kept_s(ask.rule.rate) for ask in asks)

    def _ask_for(self, rule: Rule, callers: int, *, strict: bool) -> Ask:
        amount = callers if strict else max(callers, at_once(rule.rate))
        last = self._reserves.pop(rule.key, None)
        unused = (0, 0) if last is None else (last.answer.slot, last.left)
        return Ask(rule, amount, strict, self._owed.pop(rule.key, 0), unused)

    def _keep(self, rule: Rule, answer: Answer, asked_at: float) -> None:
        """A grant counts from when it was made, after `asked_at`; a refusal is heard now."""
        if answer.amount:
            ends_at = asked_at + kept_s(rule.rate)
        else:
            ends_at = self._monotonic() + min(answer.wait_s, kept_s(rule.rate))
        self._reserves[rule.key] = Reserve(answer, ends_at)
        if len(self._reserves) > self._max_keys:
            self._reserves.popitem(last=False)

    def _owe(self, key: str, calls: int) -> None:
        if calls and (key in self._owed or len(self._owed) < self._max_keys):
            self._owed[key] = self._owed.get(key, 0) + calls


def _taken(rules: Sequence[Rule], reserves: list[Reserve]) -> Taken:
    for reserve in reserves:
        reserve.left -= 1
    return Taken([one.standing(rule) for rule, one in zip(rules, reserves, strict=True)], reserves)
