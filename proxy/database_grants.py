import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from cache.grants import Answer, Ask, Granted, GrantsAway, decide, over_at
from cache.windows import Rule
from core.clock import Clock
from core.tasks import TaskSet
from proxy.bounded_database import BoundedDatabase, DatabaseAway, Work
from store import granted
from store.engine import Database

T = TypeVar("T")

# Calls are let through meanwhile where Redis counts; where nobody does, an answer is worth more.
_PATIENCE_S = 0.5
_PATIENCE_STRICT_S = 1.0


class DatabaseGrants:
    """Grants of all processes on one PostgreSQL."""

    def __init__(
        self, database: Database, *, tasks: TaskSet, monotonic: Clock = time.monotonic
    ) -> None:
        self._database = database
        self._bounded = BoundedDatabase(tasks, monotonic=monotonic)

    async def grant(self, asks: Sequence[Ask]) -> Mapping[str, Answer]:
        """An answer to each, by the rule's key. Raises GrantsAway."""
        patience_s = _PATIENCE_STRICT_S if any(ask.strict for ask in asks) else _PATIENCE_S
        return await self._within(patience_s, partial(_grant, asks=asks))

    async def clear(self, rules: Sequence[Rule]) -> None:
        """Forget what was granted. Raises GrantsAway."""
        names = [rule.key for rule in rules]
        await self._within(_PATIENCE_STRICT_S, partial(granted.clear, rules=names))

    async def _within(self, patience_s: float, work: Work[T]) -> T:
        try:
            return await self._bounded.within(patience_s, self._database.write(), work)
        except DatabaseAway:
            raise GrantsAway from None


async def _grant(connection: AsyncConnection, *, asks: Sequence[Ask]) -> dict[str, Answer]:
    names = [ask.rule.key for ask in asks]
    now = await granted.lock(connection, names)
    known = await granted.look(connection, names)
    kept, answers = {}, {}
    for name, ask in zip(names, asks, strict=True):
        row = known.get(name)
        before = Granted(dict(row.calls), row.strict_until) if row else Granted({})
        after, answers[name] = decide(before, ask, now=now)
        kept[name] = granted.Granted(*after, over_at=over_at(after, ask.rule.rate))
    await granted.keep(connection, kept)
    return answers
