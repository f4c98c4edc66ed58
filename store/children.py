"""The items of a batch, which are jobs of their own with `parent_id` and `position`."""

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, case, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.jobs import HEAD, JobHead, JobRow, head_of, lock
from store.tables import intent, is_active, job


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items of a batch are in each state."""

    by_state: Counter[str]
    held: Counter[str]  # of those the ones that the batch has not let go

    def count(self, *states: str) -> int:
        """How many are in these states."""
        return sum(self.by_state[state] for state in states)

    def let_go(self, *states: str) -> int:
        """How many of them are not held."""
        return self.count(*states) - sum(self.held[state] for state in states)


async def tally(connection: AsyncConnection, batch_id: str) -> Tally:
    """Count the items of a batch."""
    query = (
        select(job.c.state, job.c.held, func.count())
        .where(job.c.parent_id == batch_id)
        .group_by(job.c.state, job.c.held)
    )
    counted = Tally(Counter(), Counter())
    for state, is_held, number in await connection.execute(query):
        counted.by_state[state] += number
        counted.held[state] += number if is_held else 0
    return counted


async def let_go(connection: AsyncConnection, batch_id: str, at_most: int, now: float) -> None:
    """Let the engine have the next items, in their order; no earlier than their time."""
    following = (
        select(job.c.id)
        .where(job.c.parent_id == batch_id, job.c.held.is_(True), is_active)
        .order_by(job.c.position)
        .limit(at_most)
    )
    later = case((job.c.run_at > now, job.c.run_at), else_=now)
    statement = update(job).where(job.c.id.in_(following)).values(held=False, run_at=later)
    await connection.execute(statement)


async def let_wait(connection: AsyncConnection, batch_id: str) -> None:
    """Let the engine have all items whose time has not come."""
    waiting = (job.c.parent_id == batch_id, job.c.held.is_(True), job.c.state == "scheduled")
    await connection.execute(update(job).where(*waiting).values(held=False))


async def cancel_unbegun(connection: AsyncConnection, batch_id: str, now: float) -> None:
    """End the items that were not let go, or whose time has not come; their files stay.

    For a retry. None of which anything may be at WeChat.
    """
    sent = exists().where(intent.c.job_id == job.c.id)
    ahead = and_(job.c.state == "scheduled", job.c.lease_owner.is_(None), ~sent)
    statement = (
        update(job)
        .where(job.c.parent_id == batch_id, is_active, or_(job.c.held.is_(True), ahead))
        .values(
            state="cancelled",
            held=False,
            epoch=job.c.epoch + 1,
            version=job.c.version + 1,
            updated_at=now,
        )
    )
    await connection.execute(statement)


async def approve(connection: AsyncConnection, batch_id: str, now: float) -> None:
    """What was approved is the batch, so each of its items is."""
    state = case((job.c.run_at > now, "scheduled"), else_="accepted")
    statement = (
        update(job)
        .where(job.c.parent_id == batch_id, job.c.approval == "pending", is_active)
        .values(approval="given", state=state, version=job.c.version + 1, updated_at=now)
    )
    await connection.execute(statement)


async def of_batch(connection: AsyncConnection, batch_id: str) -> list[JobHead]:
    """What is shown of the items, in their order."""
    query = select(*HEAD).where(job.c.parent_id == batch_id).order_by(job.c.position)
    return [head_of(found) for found in await connection.execute(query)]


async def in_states(
    connection: AsyncConnection, batch_id: str, states: Sequence[str]
) -> AsyncGenerator[JobRow, None]:
    """The whole rows of those items, in their order; one at a time, as they may be large."""
    query = (
        select(job.c.id)
        .where(job.c.parent_id == batch_id, job.c.state.in_(states))
        .order_by(job.c.position)
    )
    for job_id in (await connection.scalars(query)).all():
        row = await lock(connection, job_id)
        if row is not None:
            yield row
