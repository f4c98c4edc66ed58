"""A client with a limit, calling through all replicas; was it ever let through more often?"""

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qs

import httpx

from sandbox.server import RunningSandbox
from tests.e2e.misfortunes import Spell

PATH = "/cgi-bin/draft/count"  # kept in no cache
_CALLERS = 3
_PAUSE_S = 0.3
_TIMEOUT_S = 5.0  # a stopped replica answers nobody


class Call(NamedTuple):
    """One that was let through, at some time between the two."""

    sent: float
    seen: float


@dataclass(frozen=True)
class Limit:
    """So many calls of the client in any `period_s`; and how many gateways share that."""

    count: int
    gateways: int
    period_s: float = 60
    settling_s: float = 5  # after a Redis that came back

    @property
    def share(self) -> int:
        """What one gateway lets through alone."""
        return max(1, self.count // self.gateways)


@dataclass
class Passed:
    """The most calls in any period, all of which surely fell into it."""

    calls: int = 0
    refused: int = 0
    together: int = 0  # in a period in which Redis was there
    apart: int = 0  # in one in which it was not, or came back empty
    alone: int = 0  # in one in which PostgreSQL was away as well
    over: int = 0  # by how many the worst period exceeded what is documented


class Stream:
    """Calls without end, far more than the limit allows."""

    def __init__(self, http: httpx.AsyncClient, sandbox: RunningSandbox, key: str) -> None:
        self._http = http
        self._sandbox = sandbox
        self._headers = {"Authorization": f"Bearer {key}"}
        self._numbers = itertools.count()
        self._sent: dict[int, float] = {}
        self._answered: dict[int, float] = {}
        self.refused = 0

    async def go(self, over: asyncio.Event) -> None:
        """Call until it is over."""

        async def caller() -> None:
            while not over.is_set():
                await self._call(next(self._numbers))
                await asyncio.sleep(_PAUSE_S)

        await asyncio.gather(*(caller() for _ in range(_CALLERS)))

    async def _call(self, number: int) -> None:
        clock = self._sandbox.world.clock
        self._sent[number] = clock()
        with suppress(httpx.TransportError):
            answer = await self._http.get(
                PATH, params={"n": number}, headers=self._headers, timeout=_TIMEOUT_S
            )
            if answer.status_code == 200:
                self._answered[number] = clock()
            self.refused += answer.status_code == 429

    def let_through(self) -> list[Call]:
        """By WeChat's word and the answers."""
        ended = dict(self._answered)
        for call in self._sandbox.calls.seen:
            if call.path == PATH and (said := parse_qs(call.query).get("n")):
                number = int(said[0])  # a try after a fault is no call of the client's
                ended[number] = min(call.at, ended.get(number, call.at))
        return sorted(Call(self._sent[number], seen) for number, seen in ended.items())


def judge(stream: Stream, limit: Limit, spells: Sequence[Spell]) -> Passed:
    """Whether the limit held, in every period.

    Only where Redis went away and PostgreSQL too, each gateway may let its share through beside
    what all of them had, and so may each that is started before its calls are over: it knows of
    none (docs: limits.md).
    """
    calls = stream.let_through()
    passed = Passed(calls=len(calls), refused=stream.refused)
    for begin, _ in calls:
        end = begin + limit.period_s
        count = sum(begin <= call.sent and call.seen < end for call in calls)
        lost = [spell for spell in spells if _is_apart(spell, begin, end, limit)]
        more = 0
        if lost and any(_has_no_grants(spell, begin, end, limit) for spell in spells):
            passed.alone = max(passed.alone, count)
            more = limit.share * (limit.gateways + _starts(spells, lost, end)) * len(lost)
        elif lost:
            passed.apart = max(passed.apart, count)
        else:
            passed.together = max(passed.together, count)
        passed.over = max(passed.over, count - limit.count - more)
    return passed


def _is_apart(spell: Spell, begin: float, end: float, limit: Limit) -> bool:
    until = spell.ended + limit.period_s + limit.settling_s
    return spell.is_of_redis and spell.began < end and begin < until


def _has_no_grants(spell: Spell, begin: float, end: float, limit: Limit) -> bool:
    until = spell.ended + limit.settling_s
    return spell.kind == "postgres" and spell.began < end and begin < until


def _starts(spells: Iterable[Spell], lost: Sequence[Spell], end: float) -> int:
    began = min(spell.began for spell in lost)
    return sum(spell.kind == "kill" and began <= spell.ended < end for spell in spells)
