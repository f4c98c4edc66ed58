from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import happening
from store.upsert import insert_for


@dataclass(frozen=True, slots=True, kw_only=True)
class HappeningRow:
    """What happened: written once, told to whoever is to know of it, and then forgotten."""

    id: str
    event: str  # as in notify/events.py
    account: str | None
    key: str
    data: dict[str, Any] = field(repr=False)
    over: bool
    created_at: float
    routed_at: float | None = None


async def insert(connection: AsyncConnection, rows: Sequence[HappeningRow]) -> None:
    """Add what happened; what is there under its id already stays as it is."""
    if rows:
        statement = insert_for(connection, happening).on_conflict_do_nothing()
        await connection.execute(statement, [asdict(row) for row in rows])


async def any_new(connection: AsyncConnection) -> bool:
    """Whether there is something that nobody was told of yet."""
    query = select(happening.c.id).where(happening.c.routed_at.is_(None)).limit(1)
    return await connection.scalar(query) is not None


async def begun(connection: AsyncConnection) -> set[tuple[str, str]]:
    """Event and key of what is not over, and nobody was told of yet."""
    new = happening.c.routed_at.is_(None)
    query = select(happening.c.event, happening.c.key).where(new, ~happening.c.over)
    return {(event, key) for event, key in await connection.execute(query)}


async def take(connection: AsyncConnection, *, limit: int) -> list[HappeningRow]:
    """The oldest that nobody was told of yet. Until the transaction ends nobody else gets them."""
    query = (
        select(happening)
        .where(happening.c.routed_at.is_(None))
        .order_by(happening.c.created_at, happening.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_row(found) for found in await connection.execute(query)]


async def routed(connection: AsyncConnection, ids: Collection[str], now: float) -> None:
    """Note that everybody who is to know of these will."""
    await connection.execute(update(happening).where(happening.c.id.in_(ids)).values(routed_at=now))


async def purge(connection: AsyncConnection, *, before: float, limit: int = 1_000) -> int:
    """Drop at most `limit` that were told of before then; how many."""
    old = select(happening.c.id).where(happening.c.routed_at < before).limit(limit)
    return (await connection.execute(delete(happening).where(happening.c.id.in_(old)))).rowcount


def _row(found: Row[Any]) -> HappeningRow:
    return HappeningRow(**found._mapping)  # noqa: SLF001 - the documented way to a row's names
