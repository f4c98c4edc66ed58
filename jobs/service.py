import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from typing import TypeVar

from accounts.clients import Client
from accounts.edits import Editor
from core.clock import Clock
from core.errors import GatewayError, Text
from jobs import family, steering
from jobs.announce import Announce
from jobs.changes import Changes
from jobs.disk import RequireRoom, plenty
from jobs.intake import Handed, Intake
from jobs.journal import Journal
from jobs.settings import JobsSettings
from jobs.states import BATCH, State
from jobs.steering import Again
from store import children
from store import jobs as job_rows
from store.engine import Database
from store.jobs import JobHead, JobRow

Row = TypeVar("Row", bound=JobHead)
Check = Callable[[], Awaitable[None]]

_LOOK_AGAIN_S = 1.0  # another process may have changed the job
_LOOKS_A_SIGN = 15
_BATCH_PAUSE_S = 0.25  # what its items do in between is told together


class JobUnknown(GatewayError):
    """There is no such job, or it is another client's."""

    status = 404
    code = "job_unknown"
    category = "params"
    message = Text("没有这个任务：{job_id}", "no such job: {job_id}")
    hint = Text(
        "只能查看本密钥提交的任务；查看全部需要 admin 权限",
        "a key sees its own jobs; all of them need the scope admin",
    )


class NotPending(GatewayError):
    """The job does not wait for approval."""

    status = 409
    code = "job_not_pending"
    category = "params"
    message = Text("这个任务不在等待批准", "the job does not wait for approval")
    hint = Text("查看任务的 approval 与 state", "look at its approval and state")


class ApprovalByOther(GatewayError):
    """Nobody approves a job of their own."""

    status = 403
    code = "approval_by_other"
    category = "permission"
    message = Text("不能批准自己提交的任务", "nobody approves a job of their own")
    hint = Text("请用另一个客户端的密钥批准", "use the key of another client")


class Jobs:
    """Takes jobs in, and shows, cancels, retries and follows them.

    Where a method takes `client_id`, other clients' jobs do not exist; None sees all. `reviews` are
    accounts whose jobs the client may approve: of these it sees those that need approval too.
    """

    def __init__(  # noqa: PLR0913 - all that it works with
        self,
        database: Database,
        settings: JobsSettings,
        changes: Changes,
        wake: Callable[[], None],
        journal: Journal,
        *,
        clock: Clock,
        require_room: RequireRoom = plenty,
    ) -> None:
        self._database = database
        self._require_room = require_room
        self._announce = Announce(clock)
        self._intake = Intake(database, settings, wake, clock=clock)
        self._journal = journal
        self._changes = changes
        self._wake = wake
        self._clock = clock
        self._max_waiters = settings.max_waiters
        self._waiters: Counter[str] = Counter()  # by the client whose job it is

    async def submit(self, handed: Handed, check: Check | None = None) -> JobRow:
        """Keep what a client hands in. Raises IdempotencyMismatch, QueueFull, FilesMissing.

        DiskFull too: what brings much along waits until there is room; what is there goes on.
        And what `check` raises: it looks at what may change, such as the time, and so is not asked
        where the job was made before, under the same Idempotency-Key.
        """
        if check is not None or handed.is_bulky:
            if (earlier := await self._intake.earlier(handed)) is not None:
                return earlier
            if handed.is_bulky:
                self._require_room()
            if check is not None:
                await check()
        return await self._intake.submit(handed)

    async def earlier(self, handed: Handed) -> JobRow | None:
        """The job that was made under its Idempotency-Key. Raises IdempotencyMismatch."""
        return await self._intake.earlier(handed)

    async def get(
        self, job_id: str, client_id: str | None, *, reviews: Collection[str] = ()
    ) -> JobHead:
        """The job as it is now. Raises JobUnknown."""
        async with self._database.read() as connection:
            row = await job_rows.head(connection, job_id)
        if row is not None and row.approval is not None and row.account in reviews:
            return row
        return _visible(row, job_id, client_id)

    async def whole(self, job_id: str) -> JobRow:
        """The job with all that was handed in. Raises JobUnknown."""
        async with self._database.read() as connection:
            return _visible(await job_rows.get(connection, job_id), job_id, None)

    async def items(self, row: JobHead) -> Sequence[JobHead]:
        """The jobs of a batch, in their order; of any other job none."""
        if row.kind != BATCH:
            return ()
        async with self._database.read() as connection:
            return await children.of_batch(connection, row.id)

    async def cancel(self, job_id: str, client_id: str | None) -> JobRow:
        """Stop a job before its last step is sent. Raises JobUnknown, JobEnded, JobRunning.

        A job that is being worked on stops at its next step; until then its state is running.
        """
        now = self._clock()
        async with self._database.write() as connection:
            row = _visible(await family.lock(connection, job_id), job_id, client_id)
            changed = await steering.cancel(connection, row, now, self._announce)
        return self._changed(changed)

    async def approve(self, job_id: str, approver: Client, editor: Editor) -> JobRow:
        """Let a job that waits for approval begin, at its time.

        Raises JobUnknown (of accounts that the approver may not use too), ApprovalByOther,
        NotPending.
        """
        now = self._clock()
        async with self._database.write() as connection:
            row = _visible(await job_rows.lock(connection, job_id), job_id, None)
            if row.account not in approver.accounts:
                raise JobUnknown(job_id=job_id[:64])
            if row.client_id == approver.id:
                raise ApprovalByOther
            if row.approval != "pending" or State(row.state).is_final:
                raise NotPending
            values = {
                "approval": "given",
                "state": State.SCHEDULED if row.run_at > now else State.ACCEPTED,
                "updated_at": now,
            }
            changed = await job_rows.replace(connection, row, values)
            changed = await steering.approve_items(connection, row, now, self._announce) or changed
            await self._journal.approved(connection, row, editor)
        self._wake()
        return self._changed(changed)

    async def retry(
        self,
        job_id: str,
        client_id: str | None,
        *,
        by: str | None = None,
        needs_approval: bool = False,
    ) -> JobRow:
        """Go on with a job that ended without success, from the step it had reached.

        From now on the client `by` answers for it (jobs/rights.py). With `needs_approval` it waits
        for that first, unless it was approved before. What is unknown stays to be found out first:
        nothing is sent blindly. But who retries a job that needs review wants it sent once more
        if nothing came of it (ADR 0003). Raises JobUnknown, NotRetryable, FilesGone,
        and what `admit` raises.
        """
        now = self._clock()
        async with self._database.write() as connection:
            row = _visible(await family.lock(connection, job_id), job_id, client_id)
            changed = await steering.retry(
                connection, row, Again(by=by, needs_approval=needs_approval), now, self._announce
            )
        self._wake()
        return self._changed(changed)

    async def events(
        self,
        job_id: str,
        client_id: str | None,
        *,
        after: int = 0,
        reviews: Collection[str] = (),
    ) -> AsyncGenerator[JobHead | None, None]:
        """The job each time it changes, from versions above `after` on, until it or we are over.

        None now and then while nothing changes, so that a dead connection is found out.
        """
        quiet_looks = 0
        while True:
            row = await self.get(job_id, client_id, reviews=reviews)
            quiet_looks += 1
            changed = row.version > after
            if changed:
                after, quiet_looks = row.version, 0
                yield row
            elif quiet_looks % _LOOKS_A_SIGN == 0:
                yield None
            if State(row.state).is_final or self._changes.ended:
                return
            if changed and row.kind == BATCH:
                await asyncio.sleep(_BATCH_PAUSE_S)
            else:
                await self._changes.wait(job_id, _LOOK_AGAIN_S)

    async def wait(self, row: JobHead, timeout_s: float) -> JobHead:
        """The job when it is over, or as it is after `timeout_s` or when this process stops.

        As it is at once, where too many wait for jobs of the client's.
        """
        if self._waiters[row.client_id] >= self._max_waiters:
            return row
        self._waiters[row.client_id] += 1
        try:
            async with (
                asyncio.timeout(timeout_s),
                aclosing(self.events(row.id, None, after=row.version - 1)) as events,
            ):
                async for seen in events:
                    row = seen or row
        except TimeoutError:
            pass
        finally:
            self._waiters[row.client_id] -= 1
            self._waiters += Counter()  # which drops those of whom nobody waits
        return row

    def _changed(self, row: JobRow | None) -> JobRow:
        assert row is not None  # noqa: S101 - it was locked
        self._changes.tell(row.id)
        return row


def _visible(row: Row | None, job_id: str, client_id: str | None) -> Row:
    if row is None or client_id not in (None, row.client_id):
        raise JobUnknown(job_id=job_id[:64])
    return row
