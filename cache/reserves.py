import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

from cache.grants import Answer, Ask, Grants, GrantsAway, at_once, kept_s
from cache.windows import Rule, Standing
from core.clock import Clock
from core.tasks import TaskSet

_MAX_KEYS = 50_000
_TOLD_AT_ONCE = 100  # rules
_REFUSED_S = 1.0  # so long a refusal is believed: others may give back
_TRIES = 5  # where others take what was granted, or it comes too late


class Reserve:
    """Calls of one rule that were granted to this gateway, or that none were."""

    __slots__ = ("answer", "ends_at", "held", "left", "rule")

    def __init__(self, rule: Rule, answer: Answer, ends_at: float, *, callers: int) -> None:
        self.rule = rule
        self.answer = answer
        self.left = answer.amount
        self.held = min(callers, answer.amount)  # for those who have waited for it
        self.ends_at = ends_at  # by the clock of Reserves

    def standing(self) -> Standing:
        """How the rule stands, as far as this gateway knows."""
        used = self.answer.used - self.left
        reset_s = self.answer.reset_s if self.answer.amount else self.answer.wait_s
        return Standing(self.rule, used, max(0, self.rule.rate.count - used), reset_s)


Question = asyncio.Task[dict[Rule, Reserve] | None]


class Taken(NamedTuple):
    """One call of each rule; or how those stand that refused it, and for how long."""

    standings: list[Standing]
    reserves: list[Reserve]
    wait_s: float = 0.0


class Reserves:
    """What this gateway may let through by grants (cache/grants.py).

    One question at a time goes out, for all who wait: a burst of calls costs two.
    """

    def __init__(
        self,
        grants: Grants,
        *,
        tasks: TaskSet,
        steady: Clock = time.monotonic,
        max_keys: int = _MAX_KEYS,
    ) -> None:
        """`steady`: counts seconds, those too in which the machine slept."""
        self._grants = grants
        self._tasks = tasks
        self._steady = steady
        self._max_keys = max_keys
        self._reserves: OrderedDict[Rule, Reserve] = OrderedDict()
        self._unused: dict[Rule, Counter[int]] = {}  # of former reserves, to be given back
        self._owed: Counter[Rule] = Counter()
        self._wanted: Counter[Rule] = Counter()
        self._strict: set[Rule] = set()
        self._next: Question | None = None  # the question that is yet to be asked
        self._asked: Question | None = None
        self._away = False  # whether the last question had no answer

    async def take(self, rules: Sequence[Rule], *, strict: Collection[Rule] = ()) -> Taken:
        """Take one call of each rule, or of none. Raises GrantsAway.

        For those that are `strict` no grant does that was made on the word that Redis counts too.
        """
        own: dict[Rule, Reserve] = {}  # that it has waited for
        try:
            return await self._take(list(dict.fromkeys(rules)), strict, own)
        finally:
            for reserve in own.values():
                self._release(reserve)

    def give_back(self, taken: Taken) -> None:
        """The call was not let through after all."""
        for reserve in taken.reserves:
            if self._reserves.get(reserve.rule) is reserve:
                reserve.left += 1
            else:
                self._keep_unused(reserve.rule, reserve.answer.slot, 1)

    def owe(self, rules: Sequence[Rule]) -> None:
        """A call was let through without a grant; it counts once that can be told."""
        for rule in rules:
            self._owe(rule, 1)

    async def tell(self) -> None:
        """Tell what is owed, and give back what was kept too long; done from time to time."""
        with suppress(GrantsAway):
            while untold := self._untold():
                await self._ask(untold[:_TOLD_AT_ONCE], (), callers=0)

    async def close(self) -> None:
        """Give back all that is left; nobody takes any more."""
        for reserve in self._reserves.values():
            reserve.ends_at = 0.0
        await self.tell()

    async def clear(self, rules: Sequence[Rule]) -> None:
        """Forget what was granted and what is owed, as far as anybody answers."""
        for rule in rules:
            for kept in (self._reserves, self._unused, self._owed):
                kept.pop(rule, None)
        with suppress(GrantsAway):
            if rules:
                await self._grants.clear(rules)

    def _untold(self) -> list[Rule]:
        over = (rule for rule, one in self._reserves.items() if one.left and self._is_over(one))
        return list(dict.fromkeys([*self._owed, *self._unused, *over]))

    async def _take(
        self, rules: Sequence[Rule], strict: Collection[Rule], own: dict[Rule, Reserve]
    ) -> Taken:
        for _ in range(_TRIES):
            kept = [self._kept(rule, own.get(rule), strict=rule in strict) for rule in rules]
            if refused := [one.standing() for one in kept if one and not one.answer.amount]:
                return Taken(refused, [], max(standing.reset_s for standing in refused))
            short = [rule for rule, one in zip(rules, kept, strict=True) if one is None]
            if not short:
                return _taken([one for one in kept if one], own)
            for rule, reserve in (await self._ask(short, strict)).items():
                if rule in own:
                    self._release(own[rule])
                own[rule] = reserve
        raise GrantsAway

    def _release(self, reserve: Reserve) -> None:
        """Leave to others what was held for one who waited."""
        if reserve.held:
            reserve.held -= 1
            if self._reserves.get(reserve.rule) is not reserve:
                reserve.left -= 1
                self._keep_unused(reserve.rule, reserve.answer.slot, 1)

    def _retire(self, reserve: Reserve) -> None:
        """Give back what nobody waits for; all of it, if it has been kept too long."""
        if self._is_over(reserve):
            reserve.held = 0
        self._keep_unused(reserve.rule, reserve.answer.slot, reserve.left - reserve.held)
        reserve.left = reserve.held

    def _kept(self, rule: Rule, own: Reserve | None, *, strict: bool) -> Reserve | None:
        """What there is for one call more of the rule, or against it."""
        if own and own.held and not self._is_over(own):
            return own
        reserve = self._reserves.get(rule)
        if reserve is None or self._is_over(reserve):
            return None
        if reserve.left > reserve.held and (reserve.answer.strict or not strict):
            return reserve
        return None if reserve.answer.amount else reserve

    def _is_over(self, reserve: Reserve) -> bool:
        return self._steady() >= reserve.ends_at

    async def _ask(
        self, rules: Sequence[Rule], strict: Collection[Rule], *, callers: int = 1
    ) -> dict[Rule, Reserve]:
        """Have the next question asked for `rules` too. Raises GrantsAway."""
        if self._away and self._asked is not None and callers and not strict:
            raise GrantsAway  # one tries whether somebody answers again; Redis is there meanwhile
        self._strict.update(rule for rule in rules if rule in strict)
        for rule in rules:
            self._wanted[rule] += callers
        if self._next is None:
            self._next = self._tasks.start(self._question(self._asked), name="grants of calls")
        made = await asyncio.shield(self._next)
        if made is None:
            raise GrantsAway
        return {rule: made[rule] for rule in rules if rule in made}

    async def _question(self, before: Question | None) -> dict[Rule, Reserve] | None:
        """Ask for all that is wanted once the one `before` is over; None: nobody answers."""
        if before is not None:
            await asyncio.wait((before,))
        self._asked, self._next = self._next, None
        wanted, self._wanted = self._wanted, Counter()
        strict, self._strict = self._strict, set()
        asks = [self._ask_for(rule, n, strict=rule in strict) for rule, n in wanted.items()]
        at = self._steady()
        try:
            answers = await self._grants.grant(asks)
            self._away = False
        except GrantsAway:
            self._away = True
            for ask in asks:
                self._owe(ask.rule, ask.owed)
            return None
        finally:
            self._asked = None
        return {ask.rule: self._keep(ask, answers[ask.rule.key], at) for ask in asks if ask.amount}

    def _ask_for(self, rule: Rule, callers: int, *, strict: bool) -> Ask:
        ahead = max(0, at_once(rule.rate) - callers) if callers else 0
        if last := self._reserves.pop(rule, None):
            self._retire(last)
        return Ask(
            rule, callers, ahead, strict, self._owed.pop(rule, 0), self._unused.pop(rule, {})
        )

    def _keep(self, ask: Ask, answer: Answer, asked_at: float) -> Reserve:
        """A grant counts from when it was made, after `asked_at`; a refusal is heard now."""
        if answer.amount:
            ends_at = asked_at + kept_s(ask.rule.rate)
        else:
            ends_at = self._steady() + min(answer.wait_s, _REFUSED_S)
        reserve = Reserve(ask.rule, answer, ends_at, callers=ask.amount)
        self._reserves[ask.rule] = reserve
        if len(self._reserves) > self._max_keys:
            self._retire(self._reserves.popitem(last=False)[1])
        return reserve

    def _keep_unused(self, rule: Rule, slot: int, calls: int) -> None:
        if calls and (rule in self._unused or len(self._unused) < self._max_keys):
            self._unused.setdefault(rule, Counter())[slot] += calls

    def _owe(self, rule: Rule, calls: int) -> None:
        if calls and (rule in self._owed or len(self._owed) < self._max_keys):
            self._owed[rule] += calls


def _taken(reserves: list[Reserve], own: dict[Rule, Reserve]) -> Taken:
    for reserve in reserves:
        reserve.left -= 1
        if own.get(reserve.rule) is reserve:
            reserve.held -= 1
            del own[reserve.rule]
    return Taken([reserve.standing() for reserve in reserves], reserves)
