from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """Something to be told to a webhook: written with what it tells of, sent afterwards."""

    id: str  # of the message too: the same at each attempt
    webhook_id: str
    type: str
    body: dict[str, Any] = field(repr=False)
    state: str = "pending"
    attempts: int = 0
    next_at: float
    error: str | None = None
    created_at: float
    done_at: float | None = None


async def insert(connection: AsyncConnection, rows: Sequence[DeliveryRow]) -> None:
    """Add deliveries."""
    if rows:
        await connection.execute(delivery.insert(), [asdict(row) for row in rows])


async def webhooks_due(
    connection: AsyncConnection, now: float, *, busy: Collection[str], limit: int
) -> list[str]:
    """Webhooks that something is to be sent to now, but for those that are `busy`."""
    query = (
        select(delivery.c.webhook_id)
        .where(delivery.c.state == "pending", delivery.c.next_at <= now)
        .where(delivery.c.webhook_id.not_in(busy))
        .distinct()
        .limit(limit)
    )
    return list((await connection.scalars(query)).all())


async def claim(
    connection: AsyncConnection, webhook_id: str, *, now: float, until: float, limit: int
) -> list[DeliveryRow]:
    """Take at most `limit` due deliveries of a webhook; to others they are due at `until`.

    Of two callers exactly one gets a delivery.
    """
    due = (
        select(delivery.c.id)
        .where(delivery.c.state == "pending", delivery.c.next_at <= now)
        .where(delivery.c.webhook_id == webhook_id)
        .order_by(delivery.c.next_at, delivery.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    statement = (
        update(delivery)
        .where(delivery.c.id.in_(select(due.c.id)))
        .values(next_at=until, attempts=delivery.c.attempts + 1)
        .returning(delivery)
    )
    rows = [_row(found) for found in await connection.execute(statement)]
    return sorted(rows, key=lambda row: row.id)


async def get(connection: AsyncConnection, webhook_id: str, delivery_id: str) -> DeliveryRow | None:
    """A delivery of that webhook."""
    query = select(delivery).where(
        delivery.c.id == delivery_id, delivery.c.webhook_id == webhook_id
    )
    found = (await connection.execute(query)).one_or_none()
    return _row(found) if found else None


async def page(
    connection: AsyncConnection,
    webhook_id: str,
    *,
    state: str | None,
    before: str | None,
    limit: int,
) -> list[DeliveryRow]:
    """Deliveries of a webhook, newest first."""
    query = select(delivery).where(delivery.c.webhook_id == webhook_id)
    if state is not None:
        query = query.where(delivery.c.state == state)
    if before is not None:
        query = query.where(delivery.c.id < before)
    rows = await connection.execute(query.order_by(delivery.c.id.desc()).limit(limit))
    return [_row(found) for found in rows]


async def settle(connection: AsyncConnection, seen: DeliveryRow, **values: Any) -> bool:
    """Record what came of an attempt, unless another was begun since; whether it was recorded."""
    statement = (
        update(delivery)
        .where(delivery.c.id == seen.id, delivery.c.attempts == seen.attempts)
        .where(delivery.c.state == "pending")
        .values(**values)
    )
    return (await connection.execute(statement)).rowcount == 1


async def again(connection: AsyncConnection, delivery_id: str, now: float) -> None:
    """Have it sent once more, from the first of its attempts."""
    values = {"state": "pending", "attempts": 0, "next_at": now, "error": None, "done_at": None}
    await connection.execute(update(delivery).where(delivery.c.id == delivery_id).values(values))


async def give_up(connection: AsyncConnection, webhook_id: str, error: str, now: float) -> None:
    """Send nothing more of what waits for a webhook."""
    await connection.execute(
        update(delivery)
        .where(delivery.c.webhook_id == webhook_id, delivery.c.state == "pending")
        .values(state="dead", error=error, done_at=now)
    )


async def reached_since(connection: AsyncConnection, webhook_id: str, since: float) -> bool:
    """Whether anything arrived at a webhook since then."""
    query = select(delivery.c.id).where(
        delivery.c.webhook_id == webhook_id,
        delivery.c.state == "delivered",
        delivery.c.done_at >= since,
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def purge(connection: AsyncConnection, *, before: float, limit: int = 1_000) -> int:
    """Drop at most `limit` deliveries that were done with before then; how many."""
    old = select(delivery.c.id).where(delivery.c.done_at < before).limit(limit)
    return (await connection.execute(delete(delivery).where(delivery.c.id.in_(old)))).rowcount


def _row(found: Row[Any]) -> DeliveryRow:
    return DeliveryRow(**found._mapping)  # noqa: SLF001 - the documented way to a row's names
