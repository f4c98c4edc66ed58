from collections.abc import Sequence

from cache.grants import GrantsAway
from cache.redis import RedisAway
from cache.reserves import Reserves, Taken
from cache.shared_windows import SharedWindows
from cache.windows import MemoryWindows, Rule, Standing, Verdict, tightest_of


class BackedWindows:
    """Windows on Redis whose calls are granted ahead by what outlives it (cache/grants.py).

    Redis counts as long as it knows of a whole period; else grants keep the rates. Where nobody
    grants, Redis is trusted, and without it each gateway has its share.
    """

    def __init__(self, shared: SharedWindows, reserves: Reserves, local: MemoryWindows) -> None:
        """`local` is that of `shared`."""
        self._shared = shared
        self._reserves = reserves
        self._local = local

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
        unknown = self._shared.unknown(rules)
        try:
            taken = await self._reserves.take(
                rules, strict=unknown if self._shared.shared else rules
            )
        except GrantsAway:
            return await self._without_grants(rules)
        if taken.wait_s:
            return _refused(taken)
        try:
            verdict = await self._shared.judge(rules)
        except RedisAway as away:
            self._reserves.give_back(taken)
            return await self._without_redis(rules, away)
        if verdict.wait_s:
            self._reserves.give_back(taken)
        elif len(now_unknown := self._shared.unknown(rules)) > len(unknown):
            # It was granted on the word of a Redis that has lost what it knew.
            self._reserves.give_back(taken)
            return await self._again(rules, now_unknown, verdict)
        return verdict

    async def look(self, rules: Sequence[Rule]) -> list[Standing]:
        """How each window stands; without Redis, this gateway's part of it."""
        return await self._shared.look(rules)

    async def clear(self, rules: Sequence[Rule]) -> None:
        """Empty these windows, as far as anybody answers."""
        await self._shared.clear(rules)
        await self._reserves.clear(rules)

    async def _again(
        self, rules: Sequence[Rule], strict: Sequence[Rule], verdict: Verdict
    ) -> Verdict:
        """What grants say of a call that Redis has let through."""
        try:
            taken = await self._reserves.take(rules, strict=strict)
        except GrantsAway:
            self._reserves.owe(rules)
            return verdict
        return _refused(taken) if taken.wait_s else verdict

    async def _without_redis(self, rules: Sequence[Rule], away: RedisAway) -> Verdict:
        """Judge and count one call by grants alone."""
        try:
            taken = await self._reserves.take(rules, strict=rules)
        except GrantsAway:
            return await self._without_grants(rules)
        if taken.wait_s:
            return _refused(taken)
        self._local.note(taken.standings, taken=True)
        self._shared.owe(rules, away)
        return Verdict(tightest_of(taken.standings), 0.0)

    async def _without_grants(self, rules: Sequence[Rule]) -> Verdict:
        verdict = await self._shared.hit(rules, doubted=bool(self._shared.unknown(rules)))
        if not verdict.wait_s:
            self._reserves.owe(rules)
        return verdict


def _refused(taken: Taken) -> Verdict:
    longest = max(taken.standings, key=lambda standing: standing.reset_s)
    return Verdict(longest._replace(remaining=0), taken.wait_s)
