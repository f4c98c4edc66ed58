from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import schedule, schedule_file
from store.upsert import insert_for


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleHead:
    """A row of `schedule` without what its jobs do; see `store/tables` for the columns."""

    id: str
    account: str
    client_id: str
    name: str
    state: str
    cron: str | None
    timezone: str
    next_at: float | None
    if_late: str
    max_late_s: float
    approval: str | None = None
    last_at: float | None = None
    last_job_id: str | None = None
    pause_reason: str | None = None
    skipped: int = 0
    key_hash: str | None = None
    body_hash: str = ""
    version: int = 1
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow(ScheduleHead):
    """A whole row."""

    work: dict[str, Any]


_HEAD = tuple(schedule.c[name] for name in ScheduleHead.__dataclass_fields__)
_ACTIVE = schedule.c.state == "active"


@dataclass(frozen=True, slots=True)
class ScheduleFilter:
    """Which schedules a list shows; None means any."""

    account: str
    client_id: str | None = None
    state: str | None = None


async def insert(connection: AsyncConnection, row: ScheduleRow) -> bool:
    """Add a schedule; False if there is one of its `key_hash`.

    On PostgreSQL this waits for a transaction that is about to commit the same key.
    """
    values = {name: getattr(row, name) for name in ScheduleRow.__dataclass_fields__}
    statement = insert_for(connection, schedule).values(values).on_conflict_do_nothing()
    return bool((await connection.execute(statement)).rowcount == 1)


async def get(connection: AsyncConnection, schedule_id: str) -> ScheduleRow | None:
    """The schedule of that id."""
    query = select(schedule).where(schedule.c.id == schedule_id)
    found = (await connection.execute(query)).one_or_none()
    return _row(found) if found else None


async def made_by(connection: AsyncConnection, key_hash: str) -> ScheduleRow | None:
    """The schedule that was made under that key."""
    query = select(schedule).where(schedule.c.key_hash == key_hash)
    found = (await connection.execute(query)).one_or_none()
    return _row(found) if found else None


async def page(
    connection: AsyncConnection, wanted: ScheduleFilter, *, before: str | None, limit: int
) -> list[ScheduleHead]:
    """At most `limit` of them, newest first, older than `before` (ids sort by time)."""
    query: Select[Any] = select(*_HEAD).where(schedule.c.account == wanted.account)
    if wanted.client_id is not None:
        query = query.where(schedule.c.client_id == wanted.client_id)
    if wanted.state is not None:
        query = query.where(schedule.c.state == wanted.state)
    if before is not None:
        query = query.where(schedule.c.id < before)
    rows = await connection.execute(query.order_by(schedule.c.id.desc()).limit(limit))
    return [ScheduleHead(**row._mapping) for row in rows]  # noqa: SLF001 - the documented way


async def unended(connection: AsyncConnection, client_id: str) -> int:
    """How many schedules of the client may still make jobs."""
    query = select(func.count()).where(
        schedule.c.client_id == client_id, schedule.c.state != "ended"
    )
    return (await connection.scalar(query)) or 0


async def next_due(connection: AsyncConnection) -> float | None:
    """When the first of the active schedules is due; None: none is."""
    due: float | None = await connection.scalar(select(func.min(schedule.c.next_at)).where(_ACTIVE))
    return due


async def take_due(connection: AsyncConnection, now: float, *, limit: int) -> list[ScheduleRow]:
    """Schedules that are due, in the order of their time, held to the end of the transaction.

    What another process holds is left to it.
    """
    query = (
        select(schedule)
        .where(_ACTIVE, schedule.c.next_at <= now)
        .order_by(schedule.c.next_at, schedule.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_row(found) for found in await connection.execute(query)]


async def change(
    connection: AsyncConnection, seen: ScheduleRow, values: Mapping[str, Any]
) -> ScheduleRow | None:
    """Change a schedule; None if it is not any more as it was seen."""
    statement = (
        update(schedule)
        .where(schedule.c.id == seen.id, schedule.c.version == seen.version)
        .values(version=schedule.c.version + 1, **values)
        .returning(schedule)
    )
    found = (await connection.execute(statement)).one_or_none()
    return _row(found) if found else None


async def remove(connection: AsyncConnection, schedule_id: str) -> None:
    """No such schedule any more; the jobs that it made stay."""
    await connection.execute(delete(schedule).where(schedule.c.id == schedule_id))


async def put_files(
    connection: AsyncConnection, row: ScheduleRow, files: Mapping[str, str]
) -> None:
    """Let the schedule have these kept files (path → SHA-256) and no others."""
    await connection.execute(delete(schedule_file).where(schedule_file.c.schedule_id == row.id))
    rows: list[dict[str, Any]] = [
        {"schedule_id": row.id, "name": path, "client_id": row.client_id, "sha256": sha256}
        for path, sha256 in files.items()
    ]
    if rows:
        await connection.execute(schedule_file.insert(), rows)


async def files(connection: AsyncConnection, schedule_id: str) -> dict[str, str]:
    """The schedule's files: path → SHA-256."""
    query = select(schedule_file.c.name, schedule_file.c.sha256).where(
        schedule_file.c.schedule_id == schedule_id
    )
    return {found.name: found.sha256 for found in await connection.execute(query)}


def _row(found: Row[Any]) -> ScheduleRow:
    return ScheduleRow(**found._mapping)  # noqa: SLF001 - the documented way to a row's names
