import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from accounts.clients import Client
from accounts.edits import SYSTEM, Editor
from core.clock import Clock
from core.ids import new_id
from jobs.cron import DEFAULT_ZONE, Recurrence
from jobs.intake import FilesMissing, IdempotencyMismatch, Intake, NewJob, made_before
from jobs.journal import Journal
from jobs.lateness import LatePolicy
from jobs.schedule_errors import (
    ScheduleChanged,
    ScheduleEnded,
    ScheduleJobRunning,
    SchedulesFull,
    ScheduleTimePast,
    ScheduleUnknown,
)
from jobs.schedule_work import Work, job_of
from jobs.service import ApprovalByOther, NotPending
from jobs.settings import JobsSettings
from jobs.states import State
from store import files as kept_files
from store import jobs as job_rows
from store import schedules as rows
from store.engine import Database
from store.jobs import JobRow
from store.schedules import ScheduleFilter, ScheduleHead, ScheduleRow


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSchedule:
    """A schedule as a client asks for it: one time, or again and again."""

    client_id: str
    account: str  # our name of the account
    name: str
    work: Work
    body_hash: str  # of what was asked for: a repeated call is known by it
    at: float | None  # Unix time
    recurrence: Recurrence | None
    late: LatePolicy = field(default_factory=LatePolicy)
    needs_approval: bool = False
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # sent along
    kept: Mapping[str, str] = field(default_factory=dict)  # files sent before, by SHA-256
    idempotency_key: str | None = None

    def key_hash(self) -> str | None:
        """What a repeated call is known by."""
        key = self.idempotency_key
        return None if key is None else _key_hash(self.client_id, self.account, key)

    def row(self, now: float) -> ScheduleRow:
        """Its row, active from now on."""
        recurrence = self.recurrence
        return ScheduleRow(
            id=new_id("sch"),
            account=self.account,
            client_id=self.client_id,
            name=self.name,
            state="active",
            work=self.work.as_json(),
            cron=None if recurrence is None else recurrence.cron,
            timezone=DEFAULT_ZONE if recurrence is None else recurrence.zone,
            next_at=self.at if recurrence is None else recurrence.next(now),
            if_late=self.late.if_late,
            max_late_s=self.late.max_late_s,
            approval="pending" if self.needs_approval else None,
            key_hash=self.key_hash(),
            body_hash=self.body_hash,
            created_at=now,
            updated_at=now,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleChanges:
    """What is to be different; None stays as it is. A new time makes an ended schedule active."""

    name: str | None = None
    work: Work | None = None
    keeps_files: bool = False  # the work is about the same article
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # those of `work`
    kept: Mapping[str, str] = field(default_factory=dict)
    at: float | None = None
    recurrence: Recurrence | None = None
    late: LatePolicy | None = None

    def values(self, row: ScheduleRow, now: float) -> dict[str, Any]:
        """The columns that change."""
        values: dict[str, Any] = {"updated_at": now}
        if self.name is not None:
            values["name"] = self.name
        if self.work is not None:
            values["work"] = self.work.as_json()
        if self.late is not None:
            values |= {"if_late": self.late.if_late, "max_late_s": self.late.max_late_s}
        if self.recurrence is not None:
            cron, zone = self.recurrence.cron, self.recurrence.zone
            values |= {"cron": cron, "timezone": zone, "next_at": self.recurrence.next(now)}
        elif self.at is not None:
            values |= {"cron": None, "next_at": self.at}
        if row.state == "ended" and "next_at" in values:
            values["state"] = "active"
        return values


@dataclass(frozen=True, slots=True)
class _RunNow:
    """A schedule's job that a client wants now."""

    schedule: ScheduleRow
    job: NewJob
    idempotency_key: str | None
    route: str = "POST /v1/accounts/{account}/schedules/{schedule}/run"

    @property
    def client_id(self) -> str:
        return self.schedule.client_id

    @property
    def is_bulky(self) -> bool:
        return False  # its files came with the schedule

    def body_hash(self) -> str:
        return _hash([self.schedule.id])

    def jobs(self, _now: float) -> Sequence[NewJob]:
        return (self.job,)


_Done = tuple[str, Editor]  # what is done with a schedule, and who does it


class Schedules:
    """Takes schedules in, shows and changes them.

    Where a method takes `client_id`, other clients' schedules do not exist; None sees all.
    `version`: only if it is still the one that the caller read (ScheduleChanged). Each change
    holds the row, as its coming due does: of the two exactly one is first.
    """

    def __init__(
        self,
        database: Database,
        settings: JobsSettings,
        intake: Intake,
        wake: Callable[[], None],
        journal: Journal,
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._settings = settings
        self._intake = intake
        self._wake = wake  # the scheduler
        self._journal = journal
        self._clock = clock

    async def create(self, new: NewSchedule, *, by: Editor = SYSTEM) -> ScheduleRow:
        """Keep it; from the return on it survives a crash.

        A repeated Idempotency-Key gives the schedule that was made under it. Raises
        IdempotencyMismatch, SchedulesFull, FilesMissing.
        """
        row = new.row(self._clock())
        async with self._database.write() as connection:
            if (made := await _same_key(connection, row.key_hash, row.body_hash)) is not None:
                return made
            if await rows.unended(connection, row.client_id) >= self._settings.max_schedules:
                raise SchedulesFull(limit=self._settings.max_schedules)
            if not await rows.insert(connection, row):
                # On PostgreSQL another process committed the same key since the look above.
                made = await _same_key(connection, row.key_hash, row.body_hash)
                assert made is not None  # noqa: S101 - nothing else is unique
                return made
            await self._keep_files(connection, row, new.files, new.kept)
            await self._journal.schedule(connection, "create", row, by)
        self._wake()
        return row

    async def earlier(
        self, client_id: str, account: str, key: str | None, body_hash: str
    ) -> ScheduleRow | None:
        """The schedule that was made under that Idempotency-Key. Raises IdempotencyMismatch.

        To be asked before looking at what the call names: that may be gone since.
        """
        if key is None:
            return None
        async with self._database.read() as connection:
            return await _same_key(connection, _key_hash(client_id, account, key), body_hash)

    async def get(self, account: str, schedule_id: str, client_id: str | None) -> ScheduleRow:
        """The schedule as it is now. Raises ScheduleUnknown."""
        async with self._database.read() as connection:
            return _visible(
                await rows.get(connection, schedule_id), account, schedule_id, client_id
            )

    async def page(
        self, wanted: ScheduleFilter, *, before: str | None, limit: int
    ) -> tuple[list[ScheduleHead], str | None]:
        """Schedules, newest first, and the cursor (`before`) of the next page, if there is one."""
        async with self._database.read() as connection:
            found = await rows.page(connection, wanted, before=before, limit=limit + 1)
        return found[:limit], found[limit - 1].id if len(found) > limit else None

    async def change(
        self,
        seen: ScheduleRow,
        changes: ScheduleChanges,
        *,
        needs_approval: bool = False,
        by: Editor = SYSTEM,
    ) -> ScheduleRow:
        """Change a schedule, if it is still as it was seen.

        What was approved before is not what there will be: with `needs_approval` it needs that
        anew. Raises ScheduleChanged, FilesMissing.
        """
        now = self._clock()
        values = changes.values(seen, now)
        if needs_approval:
            values["approval"] = "pending"
        async with self._database.write() as connection:
            changed = await self._put(connection, seen, values, ("change", by))
            if changes.work is not None and not changes.keeps_files:
                await self._keep_files(connection, changed, changes.files, changes.kept)
        self._wake()
        return changed

    async def pause(self, seen: ScheduleRow, *, by: Editor = SYSTEM) -> ScheduleRow:
        """Let no time come due until it is resumed. Raises ScheduleChanged, ScheduleEnded."""
        if seen.state == "ended":
            raise ScheduleEnded(job_id=seen.last_job_id)
        if seen.state == "paused":
            return seen
        return await self._set(seen, {"state": "paused"}, ("pause", by))

    async def resume(self, seen: ScheduleRow, *, by: Editor = SYSTEM) -> ScheduleRow:
        """Let it go on with the times that are to come: those that went by are not made up for.

        Raises ScheduleChanged, ScheduleEnded, ScheduleTimePast.
        """
        if seen.state == "ended":
            raise ScheduleEnded(job_id=seen.last_job_id)
        if seen.state == "active":
            return seen
        now, next_at = self._clock(), seen.next_at
        if seen.cron is not None:
            # Not before the last time that was done, should the clock have been set back.
            since = max(now, seen.last_at or now)
            next_at = Recurrence(seen.cron, seen.timezone).next(since)
        if next_at is None or next_at < now:
            raise ScheduleTimePast
        values = {"state": "active", "pause_reason": None, "next_at": next_at}
        return await self._set(seen, values, ("resume", by))

    async def remove(self, seen: ScheduleRow, *, asked_for: bool, by: Editor = SYSTEM) -> None:
        """Remove it: it makes no job any more.

        `asked_for`: the caller read it as it is. Else one that is over is not removed: who did
        not know that may think to have stopped it. Raises ScheduleChanged, ScheduleEnded,
        ScheduleJobRunning.
        """
        if seen.state == "ended" and not asked_for:
            raise ScheduleEnded(job_id=seen.last_job_id)
        async with self._database.write() as connection:
            await self._put(connection, seen, {"updated_at": self._clock()}, ("remove", by))
            last = seen.last_job_id and await job_rows.head(connection, seen.last_job_id)
            if last and not State(last.state).is_final:
                raise ScheduleJobRunning(job_id=last.id)
            await rows.remove(connection, seen.id)

    async def run(
        self, seen: ScheduleRow, idempotency_key: str | None, *, by: Editor = SYSTEM
    ) -> JobRow:
        """Have it done now. For a schedule of one time that is its time, and it is over.

        Raises ScheduleChanged, ScheduleEnded, and what Intake.submit does.
        """
        now = self._clock()
        async with self._database.write() as connection:
            files = await rows.files(connection, seen.id)
            wanted = _RunNow(seen, job_of(seen, files, due_at=now, now=now), idempotency_key)
            if (earlier := await made_before(connection, wanted)) is not None:
                return earlier
            if seen.state == "ended":
                raise ScheduleEnded(job_id=seen.last_job_id)
            moved = {"last_at": now, "last_job_id": wanted.job.row.id, "updated_at": now}
            over = {} if seen.cron else {"state": "ended", "next_at": None}
            await self._put(connection, seen, {**moved, **over}, ("run", by))
            job, _ = await self._intake.submit_within(connection, wanted)
        self._intake.wake()
        return job

    async def approve(self, seen: ScheduleRow, approver: Client, editor: Editor) -> ScheduleRow:
        """Let what it publishes go ahead, each time. Raises ApprovalByOther, NotPending."""
        if seen.client_id == approver.id:
            raise ApprovalByOther
        if seen.approval != "pending":
            raise NotPending
        values = {"approval": "given", "updated_at": self._clock()}
        async with self._database.write() as connection:
            return await self._put(connection, seen, values, ("approve", editor))

    async def _set(self, seen: ScheduleRow, values: dict[str, Any], done: _Done) -> ScheduleRow:
        values["updated_at"] = self._clock()
        async with self._database.write() as connection:
            changed = await self._put(connection, seen, values, done)
        self._wake()
        return changed

    async def _put(
        self, connection: AsyncConnection, seen: ScheduleRow, values: dict[str, Any], done: _Done
    ) -> ScheduleRow:
        changed = await rows.change(connection, seen, values)
        if changed is not None:
            await self._journal.schedule(connection, done[0], changed, done[1])
            return changed
        now = await rows.get(connection, seen.id)
        if now is None:
            raise ScheduleUnknown(schedule_id=seen.id)
        raise ScheduleChanged(version=now.version, state=now.state)

    async def _keep_files(
        self,
        connection: AsyncConnection,
        row: ScheduleRow,
        sent: Mapping[str, bytes],
        kept: Mapping[str, str],
    ) -> None:
        now = self._clock()
        wanted = set(kept.values())
        there = await kept_files.touch(connection, row.client_id, wanted, now=now)
        if missing := sorted(path for path, sha256 in kept.items() if sha256 not in there):
            raise FilesMissing(field="files", names=", ".join(missing[:3]))
        hashes = await kept_files.keep(connection, row.client_id, sent.values(), now=now)
        await rows.put_files(connection, row, {**kept, **dict(zip(sent, hashes, strict=True))})


def _visible(
    row: ScheduleRow | None, account: str, schedule_id: str, client_id: str | None
) -> ScheduleRow:
    if row is None or row.account != account or client_id not in (None, row.client_id):
        raise ScheduleUnknown(schedule_id=schedule_id[:64])
    return row


async def _same_key(
    connection: AsyncConnection, key_hash: str | None, body_hash: str
) -> ScheduleRow | None:
    """The schedule that was made under the same key. Raises IdempotencyMismatch."""
    if key_hash is None:
        return None
    made = await rows.made_by(connection, key_hash)
    if made is not None and made.body_hash != body_hash:
        raise IdempotencyMismatch
    return made


def hash_of(said: Any, files: Mapping[str, bytes]) -> str:
    """Of a request to make a schedule, with the files that came along."""
    return _hash([said, {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}])


def _key_hash(client_id: str, account: str, key: str) -> str:
    return _hash([client_id, account, key])


def _hash(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
