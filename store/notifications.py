from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import file, notification, notification_attempt, notification_file
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """A file that goes along; its bytes are in store/files.py."""

    name: str
    media_type: str
    client_id: str
    sha256: str


async def insert(connection: AsyncConnection, row: NotificationRow) -> bool:
    """Add one; False if there is one of its `key_hash`.

    On PostgreSQL this waits for a transaction that is about to commit the same key.
    """
    statement = insert_for(connection, notification).values(asdict(row)).on_conflict_do_nothing()
    return (await connection.execute(statement)).rowcount == 1


async def attach(
    connection: AsyncConnection, notification_id: str, files: Sequence[FileRow]
) -> None:
    """Let files go along with it, in that order."""
    rows = [
        {"notification_id": notification_id, "position": position, **asdict(each)}
        for position, each in enumerate(files)
    ]
    if rows:
        await connection.execute(notification_file.insert(), rows)


async def files(connection: AsyncConnection, notification_id: str) -> list[FileRow]:
    """What goes along with it, in its order."""
    columns = [notification_file.c[name] for name in FileRow.__dataclass_fields__]
    query = select(*columns).where(notification_file.c.notification_id == notification_id)
    rows = await connection.execute(query.order_by(notification_file.c.position))
    return [FileRow(**found._mapping) for found in rows]  # noqa: SLF001 - SQLAlchemy's own name


async def data_of(connection: AsyncConnection, each: FileRow) -> bytes:
    """The bytes of a file that goes along with something."""
    query = select(file.c.data).where(
        file.c.client_id == each.client_id, file.c.sha256 == each.sha256
    )
    return bytes((await connection.execute(query)).scalar_one())


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
    *,
    since: float,
    key: str | None = None,
    content_hash: str | None = None,
) -> str | None:
    """Which notification of that key, or content, the channel got or is to get since then."""
    same = (
        notification.c.dedupe_key == key
        if key is not None
        else notification.c.content_hash == content_hash
    )
    query = (
        select(notification.c.id)
        .where(notification.c.channel == channel, same, notification.c.created_at >= since)
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
