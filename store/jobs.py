from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Row,
    Subquery,
    and_,
    case,
    delete,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from store.search import searchable
from store.tables import is_active, job, job_file

_PURGE_LIMIT = 500
_NO_LIMIT = 2**31 - 1
_BEING_TAKEN = 64
_TITLE_CHARS = 200
_INSERT_SLICE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class JobHead:
    """What is shown of a job; see `store/tables.py` for what the columns mean."""

    id: str
    kind: str
    account: str
    client_id: str
    state: str
    action: str
    progress: dict[str, Any]
    run_at: float
    created_at: float
    updated_at: float
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    warnings: list[dict[str, Any]] | None = None
    attempts: int = 0
    epoch: int = 0
    version: int = 1
    lease_owner: str | None = None
    lease_until: float | None = None
    cancel_requested: bool = False
    approval: str | None = None
    parent_id: str | None = None
    position: int | None = None
    held: bool = False
    schedule_id: str | None = None
    schedule_at: float | None = None
    due_at: float | None = None
    skip_after: float | None = None
    subject: str | None = None
    content_hash: str | None = None
    title: str | None = None
    poked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow(JobHead):
    """A whole row of `job`, as whoever works on it needs it."""

    payload: dict[str, Any]
    checkpoint: dict[str, Any]


HEAD = tuple(job.c[name] for name in JobHead.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who takes jobs, when, and until when they are the taker's alone."""

    owner: str
    now: float
    until: float


async def insert(connection: AsyncConnection, row: JobRow) -> None:
    """Add a job."""
    await connection.execute(job.insert().values(_written(_values(row))))


async def insert_all(connection: AsyncConnection, made: Sequence[JobRow]) -> None:
    """Add jobs, in slices: what is written down at a time must not hold the loop up."""
    for at in range(0, len(made), _INSERT_SLICE):
        values = [_written(_values(row)) for row in made[at : at + _INSERT_SLICE]]
        await connection.execute(job.insert(), values)


async def get(connection: AsyncConnection, job_id: str) -> JobRow | None:
    """The job of that id."""
    found = (await connection.execute(select(job).where(job.c.id == job_id))).one_or_none()
    return _row(found) if found else None


async def is_made(connection: AsyncConnection, schedule_id: str, at: float) -> bool:
    """Whether there is a job of that schedule for that time."""
    query = select(job.c.id).where(job.c.schedule_id == schedule_id, job.c.schedule_at == at)
    return (await connection.execute(query.limit(1))).first() is not None


async def head(connection: AsyncConnection, job_id: str) -> JobHead | None:
    """What is shown of the job of that id."""
    found = (await connection.execute(select(*HEAD).where(job.c.id == job_id))).one_or_none()
    return head_of(found) if found else None


async def holder(connection: AsyncConnection, account: str, subject: str) -> str | None:
    """The id of the active job that is about that draft."""
    query = select(job.c.id).where(job.c.account == account, job.c.subject == subject, is_active)
    found: str | None = await connection.scalar(query)
    return found


async def claim(
    connection: AsyncConnection,
    lease: Lease,
    *,
    limit: int,
    busy: Collection[str] = (),
    again: bool | None = None,
    per_account: int = _NO_LIMIT,
) -> list[JobRow]:
    """Take at most `limit` due jobs that nobody holds; the accounts take turns.

    No account gets more than `per_account` places, those counted that anybody holds for it.
    `again`: only jobs that a start has not brought to an orderly end (False: only the others).
    One statement: of two callers exactly one gets a job. `busy` are jobs whose lease ran out
    while the caller still works on them; it must not start them a second time.
    """
    first = _first(lease.now, busy, again=again, per_account=per_account, limit=limit)
    due = (
        select(job.c.id)
        .join(first, first.c.id == job.c.id)
        # Said again: what another process took since the list was made is looked at as it is now.
        .where(*_due(lease.now), _is_free(lease.now))
        .order_by(first.c.place, first.c.run_at, first.c.id)
        .limit(limit)
        # No words of SQLite's, where BEGIN IMMEDIATE does it.
        .with_for_update(skip_locked=True, of=job)
        .cte("due")
    )
    statement = (
        update(job)
        .where(job.c.id.in_(select(due.c.id)))
        .values(
            state="running",
            epoch=job.c.epoch + 1,
            attempts=job.c.attempts + 1,
            version=job.c.version + 1,
            poked=False,
            lease_owner=lease.owner,
            lease_until=lease.until,
            updated_at=lease.now,
        )
        .returning(job)
    )
    rows = [_row(found) for found in await connection.execute(statement)]
    return sorted(rows, key=lambda row: (row.run_at, row.id))


async def next_due(connection: AsyncConnection, now: float, *, after: float = 0.0) -> float | None:
    """When the first of the jobs that nobody holds is due, of those that are later than `after`."""
    later = job.c.run_at > after
    query = select(func.min(job.c.run_at)).where(*_can_begin(), _is_free(now), later)
    due: float | None = await connection.scalar(query)
    return due


def _first(
    now: float, busy: Collection[str], *, again: bool | None, per_account: int, limit: int
) -> Subquery:
    """The first jobs to take, and a few more, for those that another process is taking.

    The place of a job is that among the jobs of its account, those in hand before all others.
    """
    waits = and_(_is_free(now), job.c.id.not_in(busy))
    rank = case((waits, 1), else_=0)
    place = func.row_number().over(
        partition_by=job.c.account, order_by=(rank, job.c.run_at, job.c.id)
    )
    columns = (job.c.id, job.c.run_at, job.c.attempts, rank.label("waits"), place.label("place"))
    all_due = select(*columns).where(*_due(now)).subquery("all_due")
    return (
        select(all_due.c.id, all_due.c.run_at, all_due.c.place)
        .where(
            *(all_due.c.waits == 1, all_due.c.place <= per_account),
            true() if again is None else (all_due.c.attempts > 0).is_(again),
        )
        .order_by(all_due.c.place, all_due.c.run_at, all_due.c.id)
        .limit(limit + _BEING_TAKEN)
        .subquery("first")
    )


def _due(now: float) -> tuple[ColumnElement[bool], ...]:
    return (*_can_begin(), job.c.run_at <= now)


def _can_begin() -> tuple[ColumnElement[bool], ...]:
    return (is_active, job.c.approval.is_distinct_from("pending"), job.c.held.is_(False))


def _is_free(now: float) -> ColumnElement[bool]:
    return or_(job.c.lease_until.is_(None), job.c.lease_until < now)


async def move(
    connection: AsyncConnection, job_id: str, epoch: int, values: Mapping[str, Any]
) -> bool:
    """Change a job if its epoch is still `epoch`; whether it was."""
    statement = (
        update(job)
        .where(job.c.id == job_id, job.c.epoch == epoch, is_active)
        .values(version=job.c.version + 1, **_written(values))
    )
    return _changed(await connection.execute(statement)) == 1


async def poke(connection: AsyncConnection, job_id: str, now: float) -> bool:
    """Have a job looked at now, or right after the run that is under way; False if it is over."""
    statement = (
        update(job)
        .where(job.c.id == job_id, is_active)
        .values(poked=True, run_at=case((job.c.run_at > now, now), else_=job.c.run_at))
    )
    return _changed(await connection.execute(statement)) == 1


def unless_news(run_at: float, *, now: float) -> ColumnElement[float]:
    """`run_at`; but `now` where a cancel was asked for or a poke came during the run."""
    return case((job.c.poked | job.c.cancel_requested, now), else_=run_at)


async def hold(
    connection: AsyncConnection, job_id: str, epoch: int, *, now: float, lease_until: float
) -> bool:
    """Renew a lease that has not run out, unless a cancel was asked for; whether it was renewed.

    The row stays locked to the end of the transaction, so that nobody can cancel or take the
    job between this look and the commit.
    """
    statement = (
        update(job)
        .where(
            *(job.c.id == job_id, job.c.epoch == epoch, job.c.lease_until > now),
            job.c.cancel_requested.is_(False),
        )
        .values(lease_until=lease_until)
    )
    return _changed(await connection.execute(statement)) == 1


async def renew(
    connection: AsyncConnection, held: Mapping[str, int], *, lease_until: float
) -> set[str]:
    """Extend the leases of jobs (id → epoch); the ids of those that are still held."""
    if not held:
        return set()
    still = or_(*(and_(job.c.id == job_id, job.c.epoch == epoch) for job_id, epoch in held.items()))
    statement = (
        update(job)
        .where(still, job.c.lease_owner.is_not(None))
        .values(lease_until=lease_until)
        .returning(job.c.id)
    )
    return set((await connection.scalars(statement)).all())


async def free_leases_of_others(connection: AsyncConnection, owner: str) -> int:
    """End every lease that `owner` does not hold; how many. Only for the holder of the lock."""
    statement = (
        update(job)
        .where(job.c.lease_owner.is_not(None), job.c.lease_owner != owner)
        .values(lease_owner=None, lease_until=None)
    )
    return _changed(await connection.execute(statement))


async def lease_owners(connection: AsyncConnection) -> list[str]:
    """All who hold a job."""
    query = select(job.c.lease_owner).where(is_active, job.c.lease_owner.is_not(None)).distinct()
    return [str(owner) for owner in await connection.scalars(query)]


async def free_leases_of(connection: AsyncConnection, owners: Collection[str]) -> int:
    """End every lease of these, who provably cannot work any more; how many."""
    statement = (
        update(job)
        .where(is_active, job.c.lease_owner.in_(owners))
        .values(lease_owner=None, lease_until=None)
    )
    return _changed(await connection.execute(statement))


async def replace(
    connection: AsyncConnection, seen: JobRow, values: Mapping[str, Any]
) -> JobRow | None:
    """Change a job from outside of its handler; None if it is not any more as it was seen.

    The epoch grows, so that a handler which still holds it cannot write any more.
    """
    statement = (
        update(job)
        .where(job.c.id == seen.id, job.c.epoch == seen.epoch, job.c.state == seen.state)
        .values(epoch=job.c.epoch + 1, version=job.c.version + 1, **_written(values))
        .returning(job)
    )
    found = (await connection.execute(statement)).one_or_none()
    return _row(found) if found else None


async def request_cancel(connection: AsyncConnection, seen: JobRow, now: float) -> JobRow | None:
    """Ask the holder of a running job to stop before it sends; None if it is held no more."""
    statement = (
        update(job)
        .where(
            *(job.c.id == seen.id, job.c.epoch == seen.epoch, job.c.state == seen.state),
            job.c.lease_owner.is_not(None),
        )
        .values(cancel_requested=True, version=job.c.version + 1, updated_at=now)
        .returning(job)
    )
    found = (await connection.execute(statement)).one_or_none()
    return _row(found) if found else None


async def unfinished(connection: AsyncConnection, account: str) -> int:
    """How many jobs of the account are not over."""
    query = select(func.count()).select_from(job).where(job.c.account == account, is_active)
    return (await connection.scalar(query)) or 0


async def are_full(connection: AsyncConnection, at_most: int) -> bool:
    """Whether so many jobs are not over; no more of them than that are looked at."""
    active = select(job.c.id).where(is_active).limit(at_most).subquery()
    return (await connection.scalar(select(func.count()).select_from(active))) == at_most


async def lock(connection: AsyncConnection, job_id: str) -> JobRow | None:
    """The job, which nobody else can change until the transaction ends."""
    query = select(job).where(job.c.id == job_id).with_for_update()
    found = (await connection.execute(query)).one_or_none()
    return _row(found) if found else None


async def purge_files(connection: AsyncConnection, *, ended_before: float) -> int:
    """Drop the files of jobs that ended before then; how many."""
    old = (
        select(job.c.id)
        .join(job_file, job_file.c.job_id == job.c.id)
        .where(~is_active, job.c.updated_at < ended_before)
        .limit(_PURGE_LIMIT)
    )
    return _changed(await connection.execute(delete(job_file).where(job_file.c.job_id.in_(old))))


def _values(row: JobRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in JobRow.__dataclass_fields__}


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values`, and the columns that lists find them by."""
    written = dict(values)
    if "title" in values:
        title = (values["title"] or "").replace("\x00", "")[:_TITLE_CHARS]
        written |= {"title": title or None, "search": searchable([title], chars=_TITLE_CHARS)}
    if "error" in values:
        written["error_code"] = (values["error"] or {}).get("code")
    return written


def head_of(found: Row[Any]) -> JobHead:
    """The head that a row of `HEAD` is."""
    return JobHead(**found._mapping)  # noqa: SLF001 - the documented way to a row's names


def _row(found: Row[Any]) -> JobRow:
    return JobRow(**{name: getattr(found, name) for name in JobRow.__dataclass_fields__})


def _changed(result: CursorResult[Any]) -> int:
    return result.rowcount
