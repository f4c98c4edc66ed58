"""Scheduled jobs whose time has passed by more than the engine's usual delay."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import is_active, job

_DUE_AT = func.coalesce(job.c.due_at, job.c.run_at)


@dataclass(frozen=True, slots=True)
class Overdue:
    """A job that missed its time, and when it begins by now."""

    id: str
    account: str
    run_at: float


async def take(connection: AsyncConnection, before: float, *, now: float) -> list[Overdue]:
    """The jobs that were due before then, in that order, of accounts that are late with some.

    Without those that are too late to be done, and those that another process is looking after.
    """
    waiting = (
        *(is_active, job.c.state == "scheduled", job.c.held.is_(False)),
        or_(job.c.skip_after.is_(None), job.c.skip_after >= now),
    )
    late = select(job.c.account).where(*waiting, job.c.run_at < before).distinct()
    accounts = (await connection.scalars(late)).all()
    if not accounts:
        return []
    query = (
        select(job.c.id, job.c.account, job.c.run_at)
        .where(*waiting, before > _DUE_AT, job.c.account.in_(accounts))
        .order_by(_DUE_AT, job.c.id)
        .with_for_update(skip_locked=True)
    )
    return [Overdue(*row) for row in await connection.execute(query)]


async def postpone(connection: AsyncConnection, run_at: Mapping[str, float], now: float) -> None:
    """Give jobs a new time: id → `run_at`."""
    statement = (
        update(job)
        .where(job.c.id == bindparam("job_id"))
        .values(
            run_at=bindparam("at"),
            due_at=_DUE_AT,
            version=job.c.version + 1,
            updated_at=now,
        )
    )
    await connection.execute(
        statement, [{"job_id": job_id, "at": at} for job_id, at in run_at.items()]
    )
