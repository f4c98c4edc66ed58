"""How a batch goes on: each change of an item moves it, in the same transaction (ADR 0007).

Nothing is counted in memory, and nobody has to look after a batch: after a crash it stands where
its items' rows say. Who locks a batch and an item locks the batch first.
"""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import GatewayError, Text
from jobs.announce import Announce
from jobs.failures import stored_error
from jobs.states import State
from store import children
from store import jobs as job_rows
from store.children import Tally
from store.jobs import JobHead, JobRow

_WORKED_ON = (State.ACCEPTED, State.RUNNING)
_ENDED = tuple(state for state in State if state.is_final)
_TROUBLED = (State.FAILED, State.NEEDS_REVIEW, State.PARTLY_FAILED)


class ItemsFailed(GatewayError):
    """Not everything in a batch was done."""

    status = 409
    code = "batch_items_failed"
    category = "params"
    message = Text(
        "{total} 项中有 {failed} 项没有做成", "{failed} of {total} items did not come to be"
    )
    hint = Text(
        "逐项的原因：wxgate batch report（GET /v1/jobs/{id}/report）；"
        "只重做没做成的：wxgate batch retry（POST …/retry）",
        "the reasons: wxgate batch report (GET /v1/jobs/{id}/report); "
        "those again: wxgate batch retry (POST …/retry)",
    )


async def lock(connection: AsyncConnection, job_id: str) -> JobRow | None:
    """The job, which nobody else can change until the transaction ends; nor its batch."""
    seen = await job_rows.head(connection, job_id)
    if seen is not None and seen.parent_id is not None:
        await job_rows.lock(connection, seen.parent_id)
    return await job_rows.lock(connection, job_id)


async def lock_batch(connection: AsyncConnection, item: JobHead) -> None:
    """Before the item is changed, in a transaction that ends with `settle`."""
    if item.parent_id is not None:
        await job_rows.lock(connection, item.parent_id)


async def settle(
    connection: AsyncConnection, batch_id: str | None, now: float, announce: Announce
) -> None:
    """After an item came, waits, ended or was revived: let the next go, or come to an end."""
    if batch_id is None:
        return
    batch = await job_rows.lock(connection, batch_id)
    if batch is None or batch.approval == "pending":
        return
    counted = await children.tally(connection, batch_id)
    if counted.count(State.SCHEDULED) + counted.held.total() and _is_stopping(batch, counted):
        await children.cancel_unbegun(connection, batch_id, now)
        counted = await children.tally(connection, batch_id)
    if counted.held[State.SCHEDULED]:
        # Each begins at its own time, whatever stands before it in the batch.
        await children.let_wait(connection, batch_id)
        counted = await children.tally(connection, batch_id)
    # One that waits, such as for a quota, gives its place to the next.
    places = batch.payload["concurrency"] - counted.let_go(*_WORKED_ON)
    if counted.held.total() and places > 0:
        await children.let_go(connection, batch_id, places, now)
    after = await job_rows.replace(connection, batch, _standing(batch, counted, now))
    if after is not None and after.state != batch.state:
        await announce.review_over(connection, batch)
    if after is not None and State(after.state).is_final and after.state != batch.state:
        await announce.job_ended(
            connection, after, State(after.state), result=after.result, error=after.error
        )


async def resume(connection: AsyncConnection, batch_id: str | None) -> None:
    """Before an item is revived on its own: what stopped the batch does not stop it again."""
    batch = None if batch_id is None else await job_rows.lock(connection, batch_id)
    if batch is not None:
        checkpoint = {**batch.checkpoint, "resumed": True}
        await job_rows.replace(connection, batch, {"checkpoint": checkpoint})


def _is_stopping(batch: JobRow, counted: Tally) -> bool:
    if batch.checkpoint.get("resumed"):
        return False
    stop = batch.payload["on_error"] == "stop" and counted.count(*_TROUBLED) > 0
    return stop or bool(batch.checkpoint.get("cancelled"))


def _standing(batch: JobRow, counted: Tally, now: float) -> dict[str, Any]:
    """What a batch is whose items stand so."""
    state, total = _state(batch, counted), counted.by_state.total()
    missed = total - counted.count(State.SUCCEEDED)
    ended_badly = state.is_final and missed > 0 and state != State.CANCELLED
    error = ItemsFailed(total=total, failed=missed) if ended_badly else None
    return {
        "state": state,
        "progress": {
            "done": counted.count(*_ENDED),
            "total": total,
            "failed": counted.count(*_TROUBLED),
        },
        "result": dict(sorted(counted.by_state.items())),
        "error": None if error is None else stored_error(error),
        "updated_at": now,
    }


def _state(batch: JobRow, counted: Tally) -> State:
    if counted.count(*_ENDED) < counted.by_state.total():
        under_way = counted.count(*_WORKED_ON) > 0
        waits = counted.count(State.WAITING) > 0
        return State.RUNNING if under_way else State.WAITING if waits else State.SCHEDULED
    if counted.count(State.SUCCEEDED) == counted.by_state.total():
        return State.SUCCEEDED
    if counted.count(State.NEEDS_REVIEW):
        return State.NEEDS_REVIEW
    if batch.checkpoint.get("cancelled") or not counted.count(*_TROUBLED):
        return State.CANCELLED
    succeeded = counted.count(State.SUCCEEDED, State.PARTLY_FAILED)
    return State.PARTLY_FAILED if succeeded else State.FAILED
