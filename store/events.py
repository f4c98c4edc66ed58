from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Row, delete, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import event
from store.upsert import insert_for


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """A message or an event that WeChat pushed to an account."""

    id: str
    account: str
    dedupe_key: str
    type: str
    subject: str | None
    body: dict[str, Any] = field(repr=False)
    sealed: bool
    job_id: str | None = None
    received_at: float


async def put(connection: AsyncConnection, row: EventRow) -> bool:
    """Keep an event; False if it is here already."""
    statement = insert_for(connection, event).values(asdict(row)).on_conflict_do_nothing()
    return (await connection.execute(statement)).rowcount == 1


async def about(
    connection: AsyncConnection, account: str, kind: str, subject: str
) -> EventRow | None:
    """The first event of that type about `subject`; sooner one that came sealed."""
    query = (
        select(event)
        .where(event.c.account == account, event.c.type == kind, event.c.subject == subject)
        .order_by(event.c.sealed.desc(), event.c.received_at, event.c.id)
        .limit(1)
    )
    found = (await connection.execute(query)).one_or_none()
    return _row(found) if found else None


async def unjoined(
    connection: AsyncConnection, account: str | None, kind: str, *, since: float, limit: int
) -> Sequence[EventRow]:
    """Events of that type that no job is known to, oldest first; None: of any account."""
    query = (
        select(event)
        .where(true() if account is None else event.c.account == account)
        .where(event.c.type == kind, event.c.job_id.is_(None), event.c.received_at >= since)
        .order_by(event.c.received_at, event.c.id)
        .limit(limit)
    )
    return [_row(found) for found in await connection.execute(query)]


async def join(
    connection: AsyncConnection, account: str, kind: str, subject: str, job_id: str
) -> None:
    """Note which job the events about `subject` are about."""
    statement = (
        update(event)
        .where(event.c.account == account, event.c.type == kind, event.c.subject == subject)
        .where(event.c.job_id.is_(None))
        .values(job_id=job_id)
    )
    await connection.execute(statement)


async def purge(connection: AsyncConnection, *, before: float, limit: int = 1_000) -> int:
    """Drop at most `limit` events that came before then; how many."""
    old = select(event.c.id).where(event.c.received_at < before).limit(limit)
    return (await connection.execute(delete(event).where(event.c.id.in_(old)))).rowcount


def _row(found: Row[Any]) -> EventRow:
    return EventRow(**found._mapping)  # noqa: SLF001 - the documented way to a row's names
