import math
import time
from collections.abc import Sequence
from contextlib import suppress

from cache.grants import GrantsAway
from cache.redis import RedisAway
from cache.reserves import Reserves, Taken
from cache.shared_windows import SharedWindows
from cache.windows import MemoryWindows, Rule, Standing, Verdict, tightest_of
from core.clock import Clock

_SKEW_S = 1.0  # between the clock that says since when Redis counts and this one's


class BackedWindows:
    """Windows on Redis whose calls are granted ahead by what outlives it (cache/grants.py).

    Redis counts as long as it knows of a whole period; else grants keep the rates. Where nobody
    grants, Redis is trusted, and without it each gateway has its share.
    """

    def __init__(
        self,
        shared: SharedWindows,
        reserves: Reserves,
        local: MemoryWindows,
        *,
        monotonic: Clock = time.monotonic,
    ) -> None:
        """`local` is that of `shared`."""
        self._shared = shared
        self._reserves = reserves
        self._local = local
        self._monotonic = monotonic
        self._known_since = -math.inf  # when Redis began to count, as it last said

    @property
    def shared(self) -> bool:
        """Whether Redis is there."""
        return self._shared.shared

    @property
    def gateways(self) -> int:
        """How many gateways there were lately."""
        return self._shared.gateways

    async def hit(self, rules: Sequence[Rule]) -> Verdict:
        """Judge and count one call."""
        if not rules:
            return Verdict(None, 0.0)
        try:
            return await self._hit(rules)
        except GrantsAway:
            verdict = await self._shared.hit(rules)
            if not verdict.wait_s:
                self._reserves.owe(rules)
            return verdict

    async def look(self, rules: Sequence[Rule]) -> list[Standing]:
        """How each window stands; without Redis, this gateway's part of it."""
        return await self._shared.look(rules)

    async def clear(self, rules: Sequence[Rule]) -> None:
        """Empty these windows, as far as anybody answers."""
        await self._shared.clear(rules)
        with suppress(GrantsAway):
            await self._reserves.clear(rules)

    async def _hit(self, rules: Sequence[Rule]) -> Verdict:
        """Judge and count one call that is granted. Raises GrantsAway."""
        unknown = self._unknown(rules)
        taken = await self._reserves.take(rules, strict=unknown, apart=not self._shared.shared)
        if taken.wait_s:
            return _refused(taken)
        try:
            verdict, known_s = await self._shared.judge(rules)
        except RedisAway as away:
            taken.give_back()
            return await self._hit_apart(rules, away)
        self._known_since = self._monotonic() - known_s
        if verdict.wait_s:
            taken.give_back()
        elif len(now_unknown := self._unknown(rules)) > len(unknown):
            taken.give_back()  # it was granted on the word of a Redis that has lost what it knew
            taken = await self._reserves.take(rules, strict=now_unknown)
        return _refused(taken) if taken.wait_s else verdict

    async def _hit_apart(self, rules: Sequence[Rule], away: RedisAway) -> Verdict:
        """Judge and count one call by grants alone. Raises GrantsAway."""
        taken = await self._reserves.take(rules, apart=True)
        if taken.wait_s:
            return _refused(taken)
        self._local.note(taken.standings, taken=True)
        self._shared.owe(rules, away)
        return Verdict(tightest_of(taken.standings), 0.0)

    def _unknown(self, rules: Sequence[Rule]) -> list[Rule]:
        """Those of whose calls in the last period Redis may lack some."""
        known_s = self._monotonic() - self._known_since
        return [rule for rule in rules if known_s < rule.rate.period_s + _SKEW_S]


def _refused(taken: Taken) -> Verdict:
    longest = max(taken.standings, key=lambda standing: standing.reset_s)
    return Verdict(longest._replace(remaining=0), taken.wait_s)
