"""What people do to jobs that are there, each within a transaction of the caller's."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import GatewayError, Text
from jobs import family
from jobs.admission import admit
from jobs.announce import Announce
from jobs.failures import stored_error
from jobs.once import order
from jobs.states import BATCH, LAST_EFFECT, State
from store import children, intents
from store import files as kept_files
from store import jobs as job_rows
from store.jobs import JobRow
from store.tables import ACTIVE_STATES

# A retry has its own time to reach WeChat and to follow the publication.
_FORGOTTEN_BY_RETRY = frozenset({"retries", "submitted_at", "cover_renewed"})
_RETRYABLE = frozenset({State.FAILED, State.NEEDS_REVIEW, State.CANCELLED})
# Of a batch all that did not come to be; what needs review is looked at one by one.
_ITEMS_RETRIED = (State.FAILED, State.CANCELLED)


class JobRunning(GatewayError):
    """It is too late to cancel: WeChat has it, or may have it."""

    status = 409
    code = "job_running"
    category = "params"
    message = Text("任务已发往微信，不能取消", "too late to cancel: it was sent to WeChat")
    hint = Text("等它结束；已发表的文章可在公众号后台删除", "wait for its end; delete it there")


class JobEnded(GatewayError):
    """The job is over; there is nothing to cancel."""

    status = 409
    code = "job_ended"
    category = "params"
    message = Text("任务已结束：{state}", "the job is over: {state}")
    hint = Text("需要重来时用 retry", "use retry to have it done again")


class NotRetryable(GatewayError):
    """Only jobs that ended without success can be tried again."""

    status = 409
    code = "job_not_retryable"
    category = "params"
    message = Text("处于 {state} 的任务不能重试", "a job that is {state} cannot be retried")
    hint = Text(
        "只有 failed、cancelled、needs_review 的任务可以重试",
        "only failed, cancelled and needs_review jobs can",
    )


class FilesGone(GatewayError):
    """The pictures that were sent along have been removed since."""

    status = 409
    code = "job_files_gone"
    category = "params"
    message = Text("任务附带的文件已清理", "the files sent along have been removed")
    hint = Text("请重新提交文章", "hand the article in again")


@dataclass(frozen=True, slots=True)
class Again:
    """Who wants a job tried again."""

    by: str | None = None  # the client that answers for it from now on
    needs_approval: bool = False  # unless it was approved before


async def cancel(
    connection: AsyncConnection, row: JobRow, now: float, announce: Announce
) -> JobRow | None:
    """Stop a job, or what can still be stopped of a batch. Raises JobEnded, JobRunning.

    The job and its batch are locked. A batch ends when all of its items have.
    """
    if State(row.state).is_final:
        raise JobEnded(state=row.state)
    if row.kind != BATCH:
        changed = await _cancel_one(connection, row, now, announce)
        await family.settle(connection, row.parent_id, now, announce)
        return changed
    checkpoint = {**_unsteered(row), "cancelled": True}
    await job_rows.replace(connection, row, {"checkpoint": checkpoint, "approval": None})
    await children.cancel_unbegun(connection, row.id, now)
    async for item in children.in_states(connection, row.id, ACTIVE_STATES):
        with suppress(JobRunning):
            await _cancel_one(connection, item, now, announce)
    await family.settle(connection, row.id, now, announce)
    return await job_rows.get(connection, row.id)


async def _cancel_one(
    connection: AsyncConnection, row: JobRow, now: float, announce: Announce
) -> JobRow | None:
    if await intents.has_passed(connection, row.id, LAST_EFFECT[row.action]):
        raise JobRunning
    if row.lease_owner is not None:
        return await job_rows.request_cancel(connection, row, now)
    result = row.checkpoint.get("result")
    values = {"state": State.CANCELLED, "result": result, "updated_at": now}
    changed = await job_rows.replace(connection, row, values)
    await announce.job_ended(connection, row, State.CANCELLED, result=result)
    return changed


async def approve_items(
    connection: AsyncConnection, row: JobRow, now: float, announce: Announce
) -> JobRow | None:
    """After a batch was approved: let its items begin. None for any other job."""
    if row.kind != BATCH:
        return None
    await children.approve(connection, row.id, now)
    await family.settle(connection, row.id, now, announce)
    return await job_rows.get(connection, row.id)


async def retry(
    connection: AsyncConnection, row: JobRow, again: Again, now: float, announce: Announce
) -> JobRow | None:
    """Go on with a job that ended without success. Raises NotRetryable, FilesGone.

    The job and its batch are locked. Of a batch the items that failed or were cancelled go on.
    """
    if row.kind == BATCH:
        return await _retry_items(connection, row, again, now, announce)
    if row.state not in _RETRYABLE:
        raise NotRetryable(state=row.state)
    changed = await _retry_one(connection, row, again, now, announce)
    await family.resume(connection, row.parent_id)
    await family.settle(connection, row.parent_id, now, announce)
    return changed


async def _retry_items(
    connection: AsyncConnection, batch: JobRow, again: Again, now: float, announce: Announce
) -> JobRow | None:
    approvals: set[str | None] = set()
    async for item in children.in_states(connection, batch.id, _ITEMS_RETRIED):
        try:
            changed = await _retry_one(connection, item, again, now, announce, held=True)
        except GatewayError as exc:  # its pictures are gone, or its draft is another job's now
            values = {"state": State.FAILED, "error": stored_error(exc), "updated_at": now}
            changed = await job_rows.replace(connection, item, values)
        approvals.add(changed.approval if changed else None)
    if not approvals:
        raise NotRetryable(state=batch.state)
    values = {"checkpoint": _unsteered(batch), "state": State.WAITING, "updated_at": now}
    values["approval"] = "pending" if "pending" in approvals else batch.approval
    changed = await job_rows.replace(connection, batch, values)
    await announce.review_over(connection, batch)
    if "pending" in approvals and changed is not None:
        await announce.approval_wanted(connection, changed)
    await family.settle(connection, batch.id, now, announce)
    return await job_rows.get(connection, batch.id)


def _unsteered(batch: JobRow) -> dict[str, Any]:
    """Its checkpoint without what people did to it so far."""
    return {k: v for k, v in batch.checkpoint.items() if k not in ("cancelled", "resumed")}


async def _retry_one(
    connection: AsyncConnection,
    row: JobRow,
    again: Again,
    now: float,
    announce: Announce,
    *,
    held: bool = False,
) -> JobRow | None:
    built = "articles" in row.checkpoint
    if not built and await kept_files.count(connection, row.id) < row.payload.get("files", 0):
        raise FilesGone
    checkpoint = {k: v for k, v in row.checkpoint.items() if k not in _FORGOTTEN_BY_RETRY}
    if again.by is not None:
        checkpoint["answerable"] = again.by
    doubtful = await intents.doubtful(connection, row.id)
    if doubtful is not None and row.state == State.NEEDS_REVIEW:
        checkpoint |= order(doubtful)
    elif doubtful is None and "fingerprint" in checkpoint:
        # What a draft said when it was to be published: meanwhile it may have been changed.
        checkpoint["seen"] = checkpoint.pop("fingerprint")
    approval = row.approval or ("pending" if again.needs_approval else None)
    # One that was cancelled before its time waits for it again.
    ahead = row.due_at is not None and row.due_at > now
    begins = State.SCHEDULED if ahead else State.ACCEPTED
    values = {
        "state": State.WAITING if approval == "pending" else begins,
        "approval": approval,
        "held": held,
        "run_at": row.due_at if ahead else now,
        "attempts": 0,
        "cancel_requested": False,
        "error": None,
        "skip_after": row.skip_after if ahead else None,  # whoever retries it wants it late
        "checkpoint": checkpoint,
        "updated_at": now,
    }
    await admit(connection, row)
    changed = await job_rows.replace(connection, row, values)
    await announce.review_over(connection, row)
    if approval == "pending" and changed is not None:
        await announce.approval_wanted(connection, changed)
    return changed
