import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from cache.grants import Answer, Ask, GrantsAway, decide, kept_s
from cache.windows import Rule
from core.clock import Clock
from core.tasks import TaskSet
from proxy.bounded_database import BoundedDatabase, DatabaseAway, Work
from store import granted
from store.engine import Database

T = TypeVar("T")

# Calls are let through meanwhile where Redis counts; where nobody does, an answer is worth more.
_PATIENCE_S = 0.5
_PATIENCE_APART_S = 1.0
_TELLING_S = 2.0  # how old the word of a process that it does without Redis may be, and its call


class DatabaseGrants:
    """Grants of all processes on one PostgreSQL."""

    def __init__(
        self, database: Database, *, tasks: TaskSet, monotonic: Clock = time.monotonic
    ) -> None:
        self._database = database
        self._bounded = BoundedDatabase(tasks, monotonic=monotonic)

    async def grant(self, asks: Sequence[Ask], *, apart: bool) -> Mapping[str, Answer]:
        """An answer to each, by the rule's key. Raises GrantsAway."""
        patience_s = _PATIENCE_APART_S if apart else _PATIENCE_S
        return await self._within(patience_s, partial(_grant, asks=asks, apart=apart))

    async def clear(self, rules: Sequence[Rule]) -> None:
        """Forget what was granted. Raises GrantsAway."""
        names = [rule.key for rule in rules]
        await self._within(_PATIENCE_APART_S, partial(granted.clear, rules=names))

    async def _within(self, patience_s: float, work: Work[T]) -> T:
        try:
            return await self._bounded.within(patience_s, self._database.write(), work)
        except DatabaseAway:
            raise GrantsAway from None


async def _grant(
    connection: AsyncConnection, asks: Sequence[Ask], *, apart: bool
) -> dict[str, Answer]:
    names = [ask.rule.key for ask in asks]
    now = await granted.lock(connection, names)
    if apart:
        await granted.tell_apart(connection)
    known = await granted.look(connection, names)
    answers = {}
    for name, ask in zip(names, asks, strict=True):
        bounded = ask.strict or now - known.apart_at < ask.rule.rate.period_s + _TELLING_S
        before = known.calls.get(name, {})
        calls, answer = decide(before, ask, now=now, bounded=bounded)
        answers[name] = answer
        ends_at = max(calls, default=0) * kept_s(ask.rule.rate)
        await granted.keep(connection, name, calls, ends_at=ends_at)
    return answers
