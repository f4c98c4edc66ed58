from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRow:
    """Where a client wants to be told of its jobs and of what WeChat pushes."""

    id: str
    client_id: str
    url: str
    sealed: bytes = field(repr=False)
    accounts: list[str]  # none: all that the client may use
    events: list[str]
    state: str
    version: int
    created_at: float
    updated_at: float


async def insert(connection: AsyncConnection, row: WebhookRow) -> None:
    """Add a webhook."""
    await connection.execute(webhook.insert().values(asdict(row)))


async def get(
    connection: AsyncConnection, webhook_id: str, *, lock: bool = False
) -> WebhookRow | None:
    """The webhook of that id; with `lock` nobody else changes it before the caller commits."""
    query = select(webhook).where(webhook.c.id == webhook_id)
    found = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return _row(found) if found else None


async def of_client(connection: AsyncConnection, client_id: str | None) -> list[WebhookRow]:
    """A client's webhooks, oldest first; None: everybody's."""
    query = select(webhook).order_by(webhook.c.id)
    if client_id is not None:
        query = query.where(webhook.c.client_id == client_id)
    return [_row(found) for found in await connection.execute(query)]


async def active(connection: AsyncConnection, client_id: str | None = None) -> list[WebhookRow]:
    """Those that are told of anything: one client's, or all."""
    query = select(webhook).where(webhook.c.state == "active")
    if client_id is not None:
        query = query.where(webhook.c.client_id == client_id)
    return [_row(found) for found in await connection.execute(query)]


async def count(connection: AsyncConnection, client_id: str) -> int:
    """How many a client has."""
    query = select(func.count()).select_from(webhook).where(webhook.c.client_id == client_id)
    return (await connection.scalar(query)) or 0


async def change(
    connection: AsyncConnection, webhook_id: str, values: Mapping[str, Any], now: float
) -> None:
    """Change a webhook."""
    await connection.execute(
        update(webhook)
        .where(webhook.c.id == webhook_id)
        .values(version=webhook.c.version + 1, updated_at=now, **values)
    )


async def remove(connection: AsyncConnection, webhook_id: str) -> None:
    """Remove a webhook with its deliveries."""
    await connection.execute(delete(webhook).where(webhook.c.id == webhook_id))


async def put_sealed(connection: AsyncConnection, webhook_id: str, sealed: bytes) -> None:
    """Keep the same secret under another master key."""
    statement = update(webhook).where(webhook.c.id == webhook_id).values(sealed=sealed)
    await connection.execute(statement)


def _row(found: Row[Any]) -> WebhookRow:
    return WebhookRow(**found._mapping)  # noqa: SLF001 - the documented way to a row's names
