from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Row, delete, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import notification, notification_attempt, notification_file
from store.upsert import insert_for

OPEN_STATES = ("pending", "held")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRow:
    """Something that somebody is to be told by a channel."""

    id: str
    client_id: str | None = None
    event: str | None = None
    severity: str = "info"
    account: str | None = None
    alert_id: str | None = None
    channel: str
    recipients: dict[str, list[str]] = field(default_factory=dict)  # to, cc, bcc, only, mention
    template: str | None = None
    template_version: int | None = None
    # {subject, text, markdown, html, variables, url}; {data} of an event until it was sent.
    content: dict[str, Any] = field(repr=False)
    dedupe_key: str | None = None
    content_hash: str
    state: str = "pending"
    attempts: int = 0
    next_at: float
    lease_owner: str | None = None
    error: str | None = None
    held_with: str | None = None
    digest_id: str | None = None
    resend_of: str | None = None
    key_hash: str | None = None
    body_hash: str | None = None
    created_at: float
    done_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One time that it was handed to a sender."""

    notification_id: str
    number: int
    channel: str
    sender: str | None = None
    began_at: float
    ended_at: float | None = None
    outcome: str | None = None
    reference: str | None = None
    error: str | None = None


async def insert(connection: AsyncConnection, row: NotificationRow) -> bool:
    """Add one; False if there is one of its `key_hash`.

    On PostgreSQL this waits for a transaction that is about to commit the same key.
    """
    statement = insert_for(connection, notification).values(asdict(row)).on_conflict_do_nothing()
    return (await connection.execute(statement)).rowcount == 1


async def copy_files(connection: AsyncConnection, from_id: str, to_id: str) -> None:
    """Let what goes along with one go along with another."""
    columns = [column for column in notification_file.c if column.name != "notification_id"]
    query = select(literal(to_id), *columns).where(notification_file.c.notification_id == from_id)
    names = ["notification_id", *(column.name for column in columns)]
    await connection.execute(notification_file.insert().from_select(names, query))


async def file_names(connection: AsyncConnection, notification_id: str) -> list[str]:
    """What goes along with it, in its order."""
    query = select(notification_file.c.name).where(
        notification_file.c.notification_id == notification_id
    )
    return list((await connection.scalars(query.order_by(notification_file.c.position))).all())


async def get(
    connection: AsyncConnection, notification_id: str, client_id: str | None = None
) -> NotificationRow | None:
    """One of them; with `client_id`, one of that client's."""
    query = select(notification).where(notification.c.id == notification_id)
    if client_id is not None:
        query = query.where(notification.c.client_id == client_id)
    found = (await connection.execute(query)).one_or_none()
    return row_of(found) if found else None


async def made_by(connection: AsyncConnection, key_hash: str) -> NotificationRow | None:
    """What was made under that Idempotency-Key."""
    query = select(notification).where(notification.c.key_hash == key_hash)
    found = (await connection.execute(query)).one_or_none()
    return row_of(found) if found else None


async def repeated(
    connection: AsyncConnection,
    channel: str,
    client_id: str | None,
    *,
    since: float,
    key: str | None = None,
    content_hash: str | None = None,
) -> str | None:
    """Which one of that key, or content, the channel got or is to get since then.

    It was asked for by that client, or by us where that is None: nobody keeps back what others say.
    """
    same = (
        notification.c.dedupe_key == key
        if key is not None
        else notification.c.content_hash == content_hash
    )
    query = (
        select(notification.c.id)
        .where(notification.c.channel == channel, same, notification.c.created_at >= since)
        .where(notification.c.client_id.is_not_distinct_from(client_id))
        .where(notification.c.state.not_in(("dead", "suppressed")))
        .order_by(notification.c.created_at.desc())
        .limit(1)
    )
    return await connection.scalar(query)


async def change(
    connection: AsyncConnection, notification_id: str, values: Mapping[str, Any]
) -> None:
    """Change what `values` names."""
    statement = update(notification).where(notification.c.id == notification_id)
    await connection.execute(statement.values(**values))


async def attempts(connection: AsyncConnection, notification_id: str) -> list[AttemptRow]:
    """How often it was tried, and what came of it; the first one first."""
    query = select(notification_attempt).where(
        notification_attempt.c.notification_id == notification_id
    )
    rows = await connection.execute(query.order_by(notification_attempt.c.number))
    return [AttemptRow(**found._mapping) for found in rows]  # noqa: SLF001


async def purge(connection: AsyncConnection, *, before: float, limit: int = 500) -> int:
    """Drop at most `limit` that were made before then and wait for nothing; how many."""
    old = (
        select(notification.c.id)
        .where(notification.c.created_at < before, notification.c.state.not_in(OPEN_STATES))
        .limit(limit)
    )
    statement = delete(notification).where(notification.c.id.in_(old))
    return (await connection.execute(statement)).rowcount


def row_of(found: Row[Any]) -> NotificationRow:
    """What a row of the table says."""
    return NotificationRow(**found._mapping)  # noqa: SLF001 - the documented way to a row's names
