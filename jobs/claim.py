import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from jobs.changes import Changes
from jobs.states import State
from store import jobs as job_rows
from store.engine import Database
from store.jobs import JobRow


class LeaseLost(Exception):
    """Somebody else has the job now, or may have it: this run must not touch anything more."""


@dataclass(frozen=True, slots=True)
class Later:
    """The run is over, the job is not: it goes on at `run_at`."""

    run_at: float
    state: State = State.RUNNING
    error: dict[str, Any] | None = None  # what it waits for, where that is a fault
    orderly: bool = True  # False: counts as one of the starts that a poison job is allowed


@dataclass(frozen=True, slots=True)
class Done:
    """The job is over."""

    state: State
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


Outcome = Later | Done


class EndRun(Exception):
    """Ends this run of a handler from wherever it is, with that outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class Claim:
    """A job in hand: what a handler may know and change while its lease lasts.

    Every write asks for the epoch of the claim, so that whoever was paused and taken over
    cannot undo what the next one did.
    """

    def __init__(
        self, row: JobRow, database: Database, changes: Changes, *, clock: Clock, lease_s: float
    ) -> None:
        self.row = row
        self.checkpoint: dict[str, Any] = dict(row.checkpoint)  # how far the handler has come
        self.progress: dict[str, int] = dict(row.progress)  # {done, total}, in steps
        self._database = database
        self._changes = changes
        self._clock = clock
        self._lease_s = lease_s
        self._leased_until = row.lease_until or 0.0
        self.task: asyncio.Task[None] | None = None  # the engine's, which `stop` ends
        self._sending = False
        self._stopped = False

    async def save(self, **values: Any) -> None:
        """Commit checkpoint, progress and `values`. Raises LeaseLost."""
        async with self._database.write() as connection:
            held = await self.move(connection, **values)
        if not held:
            raise LeaseLost
        # What was found out of the job is told at its end too.
        self.row = replace(self.row, title=values.get("title", self.row.title))
        self._changes.tell(self.row.id)

    async def move(self, connection: AsyncConnection, **values: Any) -> bool:
        """The same inside the caller's transaction; False if the claim is lost."""
        now = self._clock()
        mine = {"checkpoint": self.checkpoint, "progress": self.progress, "updated_at": now}
        values = {**mine, **values}
        return await job_rows.move(connection, self.row.id, self.row.epoch, values)

    async def advance(self, connection: AsyncConnection) -> bool:
        """`move`, where something was done that no later start does again.

        Earlier starts count no more: they were ended from outside, rather than by this job.
        """
        self.row = replace(self.row, attempts=1)
        return await self.move(connection, attempts=1)

    async def hold(self, connection: AsyncConnection) -> None:
        """Make sure, to the end of the transaction, that the job is ours and not to be cancelled.

        Raises LeaseLost, or EndRun if a cancel was asked for.
        """
        now = self._clock()
        until = now + self._lease_s
        row = self.row
        if await job_rows.hold(connection, row.id, row.epoch, now=now, lease_until=until):
            self._leased_until = until
            return
        seen = await job_rows.head(connection, row.id)
        if seen is not None and seen.epoch == row.epoch and seen.cancel_requested:
            raise EndRun(Done(State.CANCELLED))
        raise LeaseLost

    def check_time(self) -> None:
        """Raise LeaseLost if the lease has run out by the clock, as after a long pause."""
        if self._clock() >= self._leased_until:
            raise LeaseLost

    def renewed(self, until: float) -> None:
        """The engine extended the lease."""
        self._leased_until = max(self._leased_until, until)

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """In this block `stop` waits: what is under way at WeChat is finished and recorded."""
        self._sending = True
        try:
            yield
        finally:
            self._sending = False
        if self._stopped:
            self.stop()
            await asyncio.sleep(0)  # the cancellation arrives here

    def stop(self) -> None:
        """End the run now, or as soon as what it is sending has been recorded."""
        self._stopped = True
        if self.task is not None and not self._sending:
            self.task.cancel()
