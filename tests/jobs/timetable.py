"""Schedules and their scheduler on one database, and a clock that a test moves."""

from typing import Any

from sqlalchemy import select

from content.fields import DraftFields
from core.crash import CrashPoint, no_crash
from core.metrics import Metrics
from jobs.changes import Changes
from jobs.context import JobsContext
from jobs.cron import Recurrence
from jobs.executor import Executor
from jobs.intake import Intake
from jobs.reschedule import Rescheduling
from jobs.schedule_work import ArticleWork
from jobs.scheduler import Scheduler
from jobs.schedules import NewSchedule, Schedules
from jobs.service import Jobs
from jobs.settings import JobsSettings
from store import jobs as job_rows
from store import schedules as rows
from store.engine import Database
from store.jobs import JobHead, JobRow
from store.schedules import ScheduleRow
from store.tables import job
from tests.jobs.callers import Callers
from tests.jobs.journals import journal_of
from tests.store.rows import job_row

# 8:00 on a Monday in Shanghai.
MONDAY = 1_795_996_800.0
HOUR, DAY = 3_600.0, 86_400.0
WORK = ArticleWork(fields=DraftFields(markdown="正文", title="标题"), action="publish")


class Timetable:
    """What makes and changes schedules; `now` begins an hour before MONDAY."""

    def __init__(self, database: Database, **settings: Any) -> None:
        self.database = database
        self.now = MONDAY - HOUR
        self.settings = JobsSettings(**{"sweep_s": 0.02, "repeat_window_s": 0, **settings})
        self.changes = Changes()
        self.woken = 0
        self.callers = Callers()
        self.intake = Intake(database, self.settings, self._wake, clock=self._clock)
        self.scheduler = self.make_scheduler()
        journal = journal_of(database)
        self.schedules = Schedules(
            database, self.settings, self.intake, self._wake, journal, clock=self._clock
        )
        self.rescheduling = Rescheduling(
            database, self.changes, self._wake, journal, clock=self._clock
        )
        self.jobs = Jobs(
            database, self.settings, self.changes, self._wake, journal, clock=self._clock
        )

    def make_scheduler(
        self, crash: CrashPoint = no_crash, *, lost_until: float | None = None
    ) -> Scheduler:
        context = JobsContext(
            database=self.database,
            settings=self.settings,
            executor=Executor(alone=False),
            changes=self.changes,
            journal=journal_of(self.database),
            live_client=self.callers,
            metrics=Metrics(),
            clock=self._clock,
            crash=crash,
        )
        scheduler = Scheduler(context, self.intake)
        scheduler.lost_until = lost_until or 0.0
        return scheduler

    def _clock(self) -> float:
        return self.now

    def _wake(self) -> None:
        self.woken += 1

    def new(self, at: float | None = MONDAY, cron: str = "", **values: Any) -> NewSchedule:
        """A schedule of client blog, by default of one time."""
        recurrence = Recurrence(cron, "Asia/Shanghai") if cron else None
        defaults: dict[str, Any] = {
            "client_id": "blog",
            "account": "main",
            "name": "早报",
            "work": WORK,
            "body_hash": "0" * 64,
            "at": None if cron else at,
            "recurrence": recurrence,
        }
        return NewSchedule(**{**defaults, **values})

    async def add(self, at: float | None = MONDAY, cron: str = "", **values: Any) -> ScheduleRow:
        return await self.schedules.create(self.new(at, cron, **values))

    async def add_job(self, job_id: str = "job_1", **values: Any) -> JobRow:
        row = job_row(
            job_id, **{"state": "scheduled", "run_at": MONDAY, "due_at": MONDAY, **values}
        )
        async with self.database.write() as connection:
            await job_rows.insert(connection, row)
        return row

    async def at(self, now: float) -> None:
        """What comes due by then."""
        self.now = now
        await self.scheduler.fire_due()

    async def get(self, schedule_id: str) -> ScheduleRow:
        async with self.database.read() as connection:
            row = await rows.get(connection, schedule_id)
        assert row is not None
        return row

    async def made(self) -> list[JobHead]:
        """All jobs, oldest first."""
        async with self.database.read() as connection:
            ids = await connection.scalars(select(job.c.id).order_by(job.c.id))
            found = [await job_rows.head(connection, job_id) for job_id in ids.all()]
        return [row for row in found if row is not None]

    async def job(self, job_id: str) -> JobRow:
        async with self.database.read() as connection:
            row = await job_rows.get(connection, job_id)
        assert row is not None
        return row
