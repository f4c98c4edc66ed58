"""Scheduled jobs whose time has passed by more than the engine's usual delay."""

from collections.abc import Collection, Mapping

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import is_active, job

_SCHEDULED = job.c.state == "scheduled"


async def take(
    connection: AsyncConnection, before: float, *, now: float, limit: int
) -> list[tuple[str, str]]:
    """Jobs that were to begin before then, oldest first: id and account.

    Without those that are too late to be done, and those that another process is looking after.
    """
    query = (
        select(job.c.id, job.c.account)
        .where(is_active, _SCHEDULED, job.c.run_at < before, job.c.held.is_(False))
        .where(or_(job.c.skip_after.is_(None), job.c.skip_after >= now))
        .order_by(job.c.run_at, job.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [(job_id, account) for job_id, account in await connection.execute(query)]


async def booked(connection: AsyncConnection, accounts: Collection[str]) -> dict[str, float]:
    """Until when each account's overdue jobs have been given a new time."""
    query = (
        select(job.c.account, func.max(job.c.run_at).label("until"))
        .where(is_active, _SCHEDULED, job.c.due_at < job.c.run_at, job.c.account.in_(accounts))
        .group_by(job.c.account)
    )
    return {row.account: row.until for row in await connection.execute(query)}


async def postpone(connection: AsyncConnection, run_at: Mapping[str, float], now: float) -> None:
    """Give jobs a new time: id → `run_at`."""
    statement = (
        update(job)
        .where(job.c.id == bindparam("job_id"))
        .values(
            run_at=bindparam("at"),
            due_at=func.coalesce(job.c.due_at, job.c.run_at),
            version=job.c.version + 1,
            updated_at=now,
        )
    )
    await connection.execute(
        statement, [{"job_id": job_id, "at": at} for job_id, at in run_at.items()]
    )
