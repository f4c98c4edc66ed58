import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from cache.breaker import Breaker
from core.clock import Clock
from core.tasks import TaskSet
from store.engine import StorageUnavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]
Transaction = AbstractAsyncContextManager[AsyncConnection]


class DatabaseAway(Exception):
    """The database gave no answer in time. `asked`: what it was asked may have been done."""

    def __init__(self, *, asked: bool) -> None:
        super().__init__("the database is away")
        self.asked = asked


class BoundedDatabase:
    """The database for callers who have other ways: none waits long, none at all where it is dead.

    The end of what took too long is not waited for: to close a connection to a host that says
    nothing takes seconds, and with them in the way a breaker would not see that all failures are of
    one time.
    """

    def __init__(self, tasks: TaskSet, *, monotonic: Clock = time.monotonic) -> None:
        self._tasks = tasks
        self._breaker = Breaker(monotonic)

    async def within(self, seconds: float, transaction: Transaction, work: Work[T]) -> T:
        """What `work` finds in that transaction. Raises DatabaseAway."""
        if not self._breaker.admits():
            raise DatabaseAway(asked=False)
        task = self._tasks.start(_tried(transaction, work), name="a look into the database")
        try:
            await asyncio.wait((task,), timeout=seconds)
        finally:
            task.cancel()
        found = task.result() if task.done() else []
        if not found:
            self._breaker.failed()
            raise DatabaseAway(asked=True)
        self._breaker.worked()
        return found[0]


async def _tried(transaction: Transaction, work: Work[T]) -> list[T]:
    """What it finds; nothing where the database is away, or refuses."""
    try:
        async with transaction as connection:
            return [await work(connection)]
    except StorageUnavailable:
        return []
    except DBAPIError as exc:  # such as a right that was taken away
        log.exception("the database refuses", reason=type(exc.orig).__name__)
        return []
