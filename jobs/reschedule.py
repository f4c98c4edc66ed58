from collections.abc import Callable
from typing import Any, NamedTuple

from accounts.edits import SYSTEM, Editor
from core.clock import Clock
from core.errors import GatewayError, Text
from jobs import family
from jobs.announce import Announce
from jobs.changes import Changes
from jobs.journal import Journal
from jobs.lateness import LatePolicy
from jobs.schedule_errors import ScheduleChanged
from jobs.service import JobUnknown
from jobs.states import BATCH, State
from jobs.steering import JobEnded
from store import jobs as job_rows
from store.engine import Database
from store.jobs import JobRow


class JobBegun(GatewayError):
    """It is too late to give the job another time."""

    status = 409
    code = "job_begun"
    category = "params"
    message = Text("任务已经开始，不能改时间", "the job has begun: its time cannot change")
    hint = Text(
        "可用 /cancel 尝试取消；已发往微信的不能取消", "/cancel may stop it before it is sent"
    )


class Mover(NamedTuple):
    """Who gives a job another time."""

    editor: Editor
    needs_approval: bool = False  # what was approved before was for another time


_SYSTEM = Mover(SYSTEM)


class Rescheduling:
    """Gives jobs that have not begun another time."""

    def __init__(
        self,
        database: Database,
        changes: Changes,
        wake: Callable[[], None],
        journal: Journal,
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._journal = journal
        self._announce = Announce(clock)
        self._changes = changes
        self._wake = wake
        self._clock = clock

    async def move(
        self,
        job_id: str,
        client_id: str | None,
        at: float,
        *,
        late: LatePolicy | None = None,
        version: int | None = None,
        by: Mover = _SYSTEM,
    ) -> JobRow:
        """Let the job begin at `at`; without `late` it may be as late as before.

        `client_id`: other clients' jobs do not exist; None sees all. `version`: only if it is
        still that. It waits for approval anew if `by` needs that. Raises JobUnknown, JobEnded,
        JobBegun, ScheduleChanged.
        """
        now = self._clock()
        async with self._database.write() as connection:
            row = await family.lock(connection, job_id)
            if row is None or client_id not in (None, row.client_id):
                raise JobUnknown(job_id=job_id[:64])
            if State(row.state).is_final:
                raise JobEnded(state=row.state)
            if not _waits_for_its_time(row):
                raise JobBegun
            if version not in (None, row.version):
                raise ScheduleChanged(version=row.version, state=row.state)
            pending = row.approval == "pending" or by.needs_approval
            values: dict[str, Any] = {
                "state": _state(at, now, pending=pending),
                "approval": "pending" if pending else row.approval,
                "run_at": max(at, now),
                "due_at": at,
                "skip_after": _skip_after(row, at, late),
                "updated_at": now,
            }
            changed = await job_rows.replace(connection, row, values)
            assert changed is not None  # noqa: S101 - it was locked
            await self._journal.moved(connection, changed, by.editor)
            await family.settle(connection, row.parent_id, now, self._announce)
        self._changes.tell(job_id)
        self._changes.tell(row.parent_id or "")
        self._wake()
        return changed


def _waits_for_its_time(row: JobRow) -> bool:
    if row.lease_owner is not None:
        return False
    if row.kind == BATCH:
        return False  # it has no time: its items have
    return row.state in (State.SCHEDULED, State.ACCEPTED) or row.approval == "pending"


def _state(at: float, now: float, *, pending: bool) -> State:
    if pending:
        return State.WAITING
    return State.SCHEDULED if at > now else State.ACCEPTED


def _skip_after(row: JobRow, at: float, late: LatePolicy | None) -> float | None:
    if late is not None:
        return late.skip_after(at)
    before = row.created_at if row.due_at is None else row.due_at
    return None if row.skip_after is None else row.skip_after + at - before
