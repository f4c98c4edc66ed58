from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from content.blame import blame_within
from core.clock import Clock
from core.errors import GatewayError, Text
from jobs import family
from jobs.admission import admit
from jobs.announce import Announce
from jobs.pinning import pin_templates
from jobs.repeats import Repeats
from jobs.settings import JobsSettings
from store import files as kept_files
from store import idempotency, locks, tags
from store import jobs as job_rows
from store.engine import Database
from store.idempotency import UsedKey
from store.jobs import JobRow

_FULL_RETRY_S = 30
_NAMED = 3


class QueueFull(GatewayError):
    """So many jobs are not over yet that no other is taken in."""

    status = 503
    code = "queue_full"
    category = "system"
    level = "warning"
    retryable = True
    message = Text("未结束的任务已达上限 {limit} 个", "{limit} jobs are waiting already")
    hint = Text(
        "等一部分任务结束后重试，或取消不要的；可由管理员调大 jobs.max_waiting",
        "try again when some have ended, or cancel some; an operator may raise jobs.max_waiting",
    )


class IdempotencyMismatch(GatewayError):
    """The Idempotency-Key was used for another request."""

    status = 422
    code = "idempotency_mismatch"
    category = "params"
    message = Text(
        "这个 Idempotency-Key 已用于内容不同的请求",
        "this Idempotency-Key was used for a different request",
    )
    hint = Text("内容有变化时请换一个新的 Key", "use a new key when the content has changed")


class FilesMissing(GatewayError):
    """A file is named by its SHA-256, but the client has not sent it."""

    status = 409
    code = "files_missing"
    category = "params"
    message = Text("网关还没有这些文件：{names}", "the gateway does not have these files: {names}")
    hint = Text(
        "先用 PUT /v1/files/{sha256} 上传，再提交",
        "send them first: PUT /v1/files/{sha256}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to be taken in, with its files by the path that its text uses."""

    row: JobRow
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # sent along
    kept: Mapping[str, str] = field(default_factory=dict)  # sent before: their SHA-256
    tags: Sequence[str] = ()


class Handed(Protocol):
    """What a client hands in: it becomes one job, or a batch and its items."""

    @property
    def client_id(self) -> str:
        """Who hands it in."""
        ...

    @property
    def route(self) -> str:
        """Where: an Idempotency-Key is worth nothing elsewhere."""
        ...

    @property
    def idempotency_key(self) -> str | None:
        """The caller's, if there is one."""
        ...

    @property
    def is_bulky(self) -> bool:
        """Whether it brings files along, or is many at once."""
        ...

    def body_hash(self) -> str:
        """The same for what means the same, however it was written down."""
        ...

    def jobs(self, now: float) -> Sequence[NewJob]:
        """Its jobs; the first is the one to answer with."""
        ...


class Intake:
    """Takes jobs in: jobs, files and Idempotency-Key in one transaction."""

    def __init__(
        self,
        database: Database,
        settings: JobsSettings,
        wake: Callable[[], None],
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._announce = Announce(clock)
        self._max_waiting = settings.max_waiting
        self._repeats = Repeats(settings.repeat_window_s, clock=clock)
        self.wake = wake  # the engine, after a commit
        self._clock = clock

    async def submit(self, handed: Handed) -> JobRow:
        """Keep it; it survives a crash from the return on.

        A repeated Idempotency-Key gives the job that was made under it, as it is now: there is
        never a key "in progress". Raises IdempotencyMismatch, QueueFull, FilesMissing,
        RepeatedPublication, DraftBusy.
        """
        async with self._database.write() as connection:
            row, is_new = await self.submit_within(connection, handed)
        if is_new:
            self.wake()
        return row

    async def earlier(self, handed: Handed) -> JobRow | None:
        """The job that was made under its Idempotency-Key. Raises IdempotencyMismatch."""
        if handed.idempotency_key is None:
            return None
        async with self._database.read() as connection:
            return await made_before(connection, handed)

    async def submit_within(
        self, connection: AsyncConnection, handed: Handed
    ) -> tuple[JobRow, bool]:
        """The same within a transaction of the caller's; whether it was made just now, too.

        The caller wakes the engine after it.
        """
        if (earlier := await made_before(connection, handed)) is not None:
            return earlier, False
        jobs = handed.jobs(self._clock())
        await self._insert(connection, jobs)
        await _keep_key(connection, handed, jobs[0].row)
        await self._tell_approvers(connection, jobs)
        return jobs[0].row, True

    async def insert(self, connection: AsyncConnection, jobs: Sequence[NewJob]) -> None:
        """The same within a transaction of the caller's, who wakes the engine after it."""
        await self._insert(connection, jobs)
        await self._tell_approvers(connection, jobs)

    async def _insert(self, connection: AsyncConnection, jobs: Sequence[NewJob]) -> None:
        if await job_rows.are_full(connection, self._max_waiting):
            raise QueueFull(limit=self._max_waiting, retry_after_s=_FULL_RETRY_S)
        for job in sorted(jobs, key=lambda each: each.row.subject or ""):
            with blame_within(_place(job.row)):
                await admit(connection, job.row)
        for job in jobs:
            with blame_within(_place(job.row)):
                await pin_templates(connection, job.row)
                await self._repeats.check_asked(connection, job.row)
        await job_rows.insert_all(connection, [job.row for job in jobs])
        for job in jobs:
            await tags.add(connection, job.row.account, "job", job.row.id, job.tags)
            with blame_within(_place(job.row)):
                await _give_files(connection, job, self._clock())
        batch_id, now = jobs[-1].row.parent_id, self._clock()
        await family.settle(connection, batch_id, now, self._announce)

    async def _tell_approvers(self, connection: AsyncConnection, jobs: Sequence[NewJob]) -> None:
        for job in jobs:
            if job.row.approval == "pending":
                await self._announce.approval_wanted(connection, job.row)


def _place(row: JobRow) -> str:
    """Of an item in what was handed in."""
    return "" if row.position is None else f"items[{row.position}]."


async def _give_files(connection: AsyncConnection, job: NewJob, now: float) -> None:
    row, wanted = job.row, set(job.kept.values())
    there = await kept_files.touch(connection, row.client_id, wanted, now=now) if wanted else set()
    if missing := sorted(path for path, sha256 in job.kept.items() if sha256 not in there):
        more = " …" if len(missing) > _NAMED else ""
        raise FilesMissing(field="files", names=", ".join(missing[:_NAMED]) + more)
    sent = await kept_files.keep(connection, row.client_id, job.files.values(), now=now)
    named = {**job.kept, **dict(zip(job.files, sent, strict=True))}
    await kept_files.name(connection, row.client_id, row.id, named)


async def made_before(connection: AsyncConnection, handed: Handed) -> JobRow | None:
    """The job that was made under the same Idempotency-Key. Raises IdempotencyMismatch.

    Of two calls at the same moment the second waits here for the first to be taken in: nothing
    of the first, such as its draft, may stand in the way of the second.
    """
    if handed.idempotency_key is None:
        return None
    key = (handed.client_id, handed.route, handed.idempotency_key)
    await locks.serialize(connection, "key " + " ".join(key))
    used = await idempotency.find(connection, *key)
    if used is None:
        return None
    if used.body_hash != handed.body_hash():
        raise IdempotencyMismatch
    return await job_rows.get(connection, used.job_id)


async def _keep_key(connection: AsyncConnection, handed: Handed, row: JobRow) -> None:
    if handed.idempotency_key is None:
        return
    used = UsedKey(
        client_id=handed.client_id,
        route=handed.route,
        key=handed.idempotency_key,
        body_hash=handed.body_hash(),
        job_id=row.id,
        created_at=row.created_at,
    )
    taken = await idempotency.take(connection, used)
    assert taken  # noqa: S101 - whoever looked for it is alone with it
