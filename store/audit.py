from collections.abc import AsyncGenerator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, Select, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import audit

# Any number that nobody else uses in this database.
_ADVISORY_LOCK = 0x77786761746502
_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """A row of the audit log; see `store/tables.py` for what the columns mean."""

    seq: int
    at: float
    actor: str
    action: str
    subject: str
    account: str | None
    entry: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries a list shows; None means any."""

    since: float | None = None
    action: str | None = None  # itself, and those that begin with it and a dot
    actor: str | None = None
    account: str | None = None
    subject: str | None = None


async def last(connection: AsyncConnection) -> AuditRow | None:
    """The newest row. Until the transaction ends, nobody else can add one after it."""
    if connection.dialect.name != "sqlite":  # there BEGIN IMMEDIATE is the lock
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
    query = select(audit).order_by(audit.c.seq.desc()).limit(1)
    found = (await connection.execute(query)).one_or_none()
    return _row(found) if found else None


async def insert(connection: AsyncConnection, row: AuditRow) -> None:
    """Add a row."""
    await connection.execute(audit.insert().values(asdict(row)))


async def page(
    connection: AsyncConnection, wanted: AuditFilter, *, before: int | None, limit: int
) -> list[AuditRow]:
    """At most `limit` rows, newest first, older than the row of number `before`."""
    query: Select[Any] = select(audit).order_by(audit.c.seq.desc()).limit(limit)
    for column, value in (
        (audit.c.actor, wanted.actor),
        (audit.c.account, wanted.account),
        (audit.c.subject, wanted.subject),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.action is not None:
        family = audit.c.action.startswith(wanted.action + ".", autoescape=True)
        query = query.where(or_(audit.c.action == wanted.action, family))
    if wanted.since is not None:
        query = query.where(audit.c.at >= wanted.since)
    if before is not None:
        query = query.where(audit.c.seq < before)
    return [_row(found) for found in await connection.execute(query)]


async def in_order(connection: AsyncConnection) -> AsyncGenerator[AuditRow, None]:
    """Every row, oldest first, read a page at a time."""
    after = None
    while True:
        query = select(audit).order_by(audit.c.seq).limit(_PAGE)
        if after is not None:
            query = query.where(audit.c.seq > after)
        rows = [_row(found) for found in await connection.execute(query)]
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        after = rows[-1].seq


async def after(connection: AsyncConnection, seq: int, *, limit: int) -> list[AuditRow]:
    """At most `limit` rows that came after that number, oldest first."""
    query = select(audit).where(audit.c.seq > seq).order_by(audit.c.seq).limit(limit)
    return [_row(found) for found in await connection.execute(query)]


async def newest(connection: AsyncConnection) -> int:
    """The number of the last row; 0: there is none."""
    return await connection.scalar(select(func.max(audit.c.seq))) or 0


def _row(found: Row[Any]) -> AuditRow:
    return AuditRow(**found._mapping)  # noqa: SLF001 - the documented way to a row's names
