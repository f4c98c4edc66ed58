import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.awake import is_set_within
from core.errors import GatewayError
from core.tasks import TaskSet
from jobs import crash_points
from jobs.context import JobsContext
from jobs.cron import Recurrence
from jobs.failures import stored_error
from jobs.intake import Intake, NewJob, QueueFull
from jobs.lost_time import doubt
from jobs.schedule_work import job_of
from jobs.states import State
from store import jobs as job_rows
from store import schedules
from store.schedules import ScheduleRow

log = structlog.get_logger(__name__)

_AT_ONCE = 50  # schedules that come due are handled so many a transaction


class Scheduler:
    """Makes the jobs of schedules when they come due, each exactly once.

    One transaction takes the schedule, inserts its job and moves the schedule on: whatever dies
    in between, neither or both are there. Several processes on one PostgreSQL share the work.
    What a schedule is at, and the job that is there for a time, decide; the clock only says when
    to look, so that one set back repeats nothing.
    """

    def __init__(self, context: JobsContext, intake: Intake) -> None:
        self.lost_until = 0.0  # what was due until then may have been done (jobs/pulse.py)
        self._database = context.database
        self._sweep_s = context.settings.sweep_s
        self._clock = context.clock
        self._crash = context.crash
        self._changes = context.changes
        self._live_client = context.live_client
        self._intake = intake
        self._awake = asyncio.Event()
        self._tasks = TaskSet()

    async def __aenter__(self) -> Self:
        """Catch up on what came due meanwhile, then keep watch."""
        try:
            await self.fire_due()
        except QueueFull as exc:
            log.warning("schedules wait", reason=str(exc))  # until the engine has made room
        self._tasks.start(self._watch(), name="jobs: schedules")
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Make no job any more."""
        await self._tasks.aclose()

    def wake(self) -> None:
        """Look again; call it after a commit that made or changed a schedule."""
        self._awake.set()

    async def fire_due(self) -> None:
        """Make the jobs of all schedules that are due.

        Raises StorageUnavailable, and QueueFull: then the rest stays due.
        """
        while await self._fire_some() == _AT_ONCE:
            pass

    async def _watch(self) -> None:
        while True:
            self._awake.clear()
            try:
                await self.fire_due()
                pause_s = await self._until_next()
            except GatewayError as exc:
                log.warning("schedules wait", reason=str(exc))
                pause_s = self._sweep_s
            except Exception:
                log.exception("scheduler failed")
                pause_s = self._sweep_s
            await is_set_within(self._awake, pause_s)

    async def _until_next(self) -> float:
        """Seconds to the next time to look: other processes change schedules too."""
        async with self._database.read() as connection:
            due = await schedules.next_due(connection)
        ahead_s = self._sweep_s if due is None else due - self._clock()
        return min(self._sweep_s, max(ahead_s, 0.0))

    async def _fire_some(self) -> int:
        now = self._clock()
        async with self._database.read() as connection:
            due = await schedules.next_due(connection)
        if due is None or due > now:
            return 0
        async with self._database.write() as connection:
            rows = await schedules.take_due(connection, now, limit=_AT_ONCE)
            for row in rows:
                await self._fire(connection, row, now)
            self._crash(crash_points.SCHEDULE_FIRE)
        self._crash(crash_points.SCHEDULE_FIRED)
        self._intake.wake()
        return len(rows)

    async def _fire(self, connection: AsyncConnection, row: ScheduleRow, now: float) -> None:
        """One job for the newest of the times that have come, and on to the next one."""
        if self._live_client(row.client_id) is None:
            # Each job would only be one more for a person to look at.
            log.warning("schedule paused: its client is gone", schedule=row.id)
            await _pause(connection, row, "client_gone", now)
            return
        kept = await schedules.files(connection, row.id)
        try:
            coming = _Coming.of(row, kept, now)
        except Exception:
            # Such as one that a later version wrote. The others must not wait for it.
            log.exception("schedule paused: no job can be made of it", schedule=row.id)
            await _pause(connection, row, "unreadable", now)
            return
        moved: dict[str, Any] = {"next_at": coming.next_at, "updated_at": now}
        if coming.next_at is None:
            moved["state"] = "ended"
        if not await job_rows.is_made(connection, row.id, coming.due_at):
            await self._make(connection, coming.job)
            late_s = round(now - coming.due_at)
            log.info("schedule came due", schedule=row.id, job=coming.job.row.id, late_s=late_s)
            skipped = row.skipped + coming.skipped
            last = {"last_at": coming.due_at, "last_job_id": coming.job.row.id}
            moved |= {**last, "skipped": skipped}
        await schedules.change(connection, row, moved)

    async def _make(self, connection: AsyncConnection, made: NewJob) -> None:
        """Insert the job; one that cannot be done stands there as failed."""
        if made.row.run_at <= self.lost_until:
            error = doubt(self.lost_until)
            made = replace(made, row=replace(made.row, state=State.NEEDS_REVIEW, error=error))
        try:
            await self._intake.insert(connection, [made])
        except GatewayError as exc:
            if exc.retryable:
                raise
            failed = replace(made.row, state=State.FAILED, error=stored_error(exc))
            await job_rows.insert(connection, failed)
            log.warning("schedule's job refused", schedule=made.row.schedule_id, code=exc.code)


async def _pause(connection: AsyncConnection, row: ScheduleRow, reason: str, now: float) -> None:
    values = {"state": "paused", "pause_reason": reason, "updated_at": now}
    await schedules.change(connection, row, values)


@dataclass(frozen=True, slots=True)
class _Coming:
    """The newest of the times of a schedule that have come, and what follows."""

    job: NewJob
    due_at: float
    skipped: int  # times before it that nothing is done for
    next_at: float | None

    @classmethod
    def of(cls, row: ScheduleRow, kept: Mapping[str, str], now: float) -> Self:
        assert row.next_at is not None  # noqa: S101 - it was selected by it
        due_at, skipped, next_at = row.next_at, 0, None
        if row.cron is not None:
            recurrence = Recurrence(row.cron, row.timezone)
            due_at, skipped = recurrence.newest(row.next_at, now)
            next_at = recurrence.next(max(due_at, now))
        return cls(job_of(row, kept, due_at=due_at, now=now), due_at, skipped, next_at)
