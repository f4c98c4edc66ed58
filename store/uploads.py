from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store import files
from store.tables import file, notification_file, upload

_PURGE_LIMIT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRow:
    """A file that a client sent to be attached to messages; its bytes stand in `file`."""

    id: str
    client_id: str
    sha256: str
    name: str
    media_type: str
    size: int  # bytes
    created_at: float
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file that a notification takes along."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


async def insert(connection: AsyncConnection, row: UploadRow) -> None:
    """Remember an upload, whose bytes are kept already."""
    await connection.execute(upload.insert(), asdict(row))


async def of_client(
    connection: AsyncConnection, client_id: str, ids: Collection[str], *, now: float
) -> dict[str, UploadRow]:
    """Those of the client's uploads with these ids that have not expired."""
    query = select(upload).where(
        upload.c.client_id == client_id, upload.c.id.in_(ids), upload.c.expires_at > now
    )
    found = (UploadRow(**row) for row in (await connection.execute(query)).mappings())
    return {row.id: row for row in found}


async def attach(
    connection: AsyncConnection, notification_id: str, uploads: Sequence[UploadRow], *, now: float
) -> None:
    """Let a notification take these along, in their order, whether or not they expire meanwhile."""
    for client_id in sorted({row.client_id for row in uploads}):
        sent = [row.sha256 for row in uploads if row.client_id == client_id]
        await files.touch(connection, client_id, sent, now=now)
    rows = [
        {
            "notification_id": notification_id,
            "position": position,
            "name": row.name,
            "media_type": row.media_type,
            "client_id": row.client_id,
            "sha256": row.sha256,
        }
        for position, row in enumerate(uploads)
    ]
    if rows:
        await connection.execute(notification_file.insert(), rows)


async def attached(connection: AsyncConnection, notification_id: str) -> list[AttachedFile]:
    """What a notification takes along, in its order."""
    query = (
        select(notification_file.c.name, notification_file.c.media_type, file.c.data)
        .join(file)
        .where(notification_file.c.notification_id == notification_id)
        .order_by(notification_file.c.position)
    )
    return [
        AttachedFile(name=name, media_type=media_type, data=bytes(data))
        for name, media_type, data in await connection.execute(query)
    ]


async def purge(connection: AsyncConnection, *, now: float) -> int:
    """Forget uploads that have expired, a part at a time; how many. Their bytes go later."""
    expired = select(upload.c.id).where(upload.c.expires_at <= now).limit(_PURGE_LIMIT)
    return (await connection.execute(delete(upload).where(upload.c.id.in_(expired)))).rowcount
