import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store import locks
from store.tables import file, job_file, notification_file, schedule_file, upload
from store.upsert import insert_for

_PURGE_LIMIT = 200


async def keep(
    connection: AsyncConnection, client_id: str, files: Iterable[bytes], *, now: float
) -> list[str]:
    """Keep the client's files, each once; their SHA-256 (hex), in their order."""
    names = []
    for data in files:
        sha256 = hashlib.sha256(data).hexdigest()
        names.append(sha256)
        if not await touch(connection, client_id, [sha256], now=now):
            await put(connection, client_id, sha256, data, now=now)
    return names


async def put(
    connection: AsyncConnection, client_id: str, sha256: str, data: bytes, *, now: float
) -> bool:
    """Keep bytes of that SHA-256 for the client; whether they were new."""
    row = {"client_id": client_id, "sha256": sha256, "size": len(data), "data": data}
    statement = insert_for(connection, file).values(**row, used_at=now)
    statement = statement.on_conflict_do_nothing().returning(file.c.sha256)
    return (await connection.execute(statement)).first() is not None


async def touch(
    connection: AsyncConnection, client_id: str, wanted: Collection[str], *, now: float
) -> set[str]:
    """Which of these files are kept; they stay for a while from `now` on.

    Nobody else touches the client's files until the transaction ends: two that touch the same
    ones in different orders would wait for each other.
    """
    await locks.serialize(connection, f"files {client_id}")
    statement = (
        update(file)
        .where(file.c.client_id == client_id, file.c.sha256.in_(wanted))
        .values(used_at=now)
        .returning(file.c.sha256)
    )
    return set((await connection.scalars(statement)).all())


async def of_client(
    connection: AsyncConnection, client_id: str, sha256: str, *, max_bytes: int
) -> bytes | None:
    """A file that the client sent; None if it is not kept, or is larger."""
    query = select(file.c.data).where(
        *(file.c.client_id == client_id, file.c.sha256 == sha256), file.c.size <= max_bytes
    )
    data = await connection.scalar(query)
    return None if data is None else bytes(data)


async def name(
    connection: AsyncConnection, client_id: str, job_id: str, files: Mapping[str, str]
) -> None:
    """Let a job have kept files: path → SHA-256."""
    rows: list[dict[str, Any]] = [
        {"job_id": job_id, "name": path, "client_id": client_id, "sha256": sha256}
        for path, sha256 in files.items()
    ]
    if rows:
        await connection.execute(job_file.insert(), rows)


async def of_job(connection: AsyncConnection, job_id: str) -> dict[str, bytes]:
    """The job's files by path."""
    query = select(job_file.c.name, file.c.data).join(job_file).where(job_file.c.job_id == job_id)
    return {path: bytes(data) for path, data in await connection.execute(query)}


async def count(connection: AsyncConnection, job_id: str) -> int:
    """How many files the job has."""
    query = select(func.count()).select_from(job_file).where(job_file.c.job_id == job_id)
    return (await connection.scalar(query)) or 0


async def size(connection: AsyncConnection, client_id: str) -> int:
    """How many bytes are kept for the client."""
    query = select(func.coalesce(func.sum(file.c.size), 0)).where(file.c.client_id == client_id)
    return int((await connection.scalar(query)) or 0)


async def drop(connection: AsyncConnection, job_id: str) -> None:
    """The job needs its files no more; they go when nobody has for a while."""
    await connection.execute(delete(job_file).where(job_file.c.job_id == job_id))


async def purge(
    connection: AsyncConnection, *, unused_since: float, client_id: str | None = None
) -> int:
    """Forget files that nothing has any more and nobody sent or asked for since then; how many.

    With `client_id` only those of this client.
    """
    needed = or_(
        *(
            exists()
            .where(user.c.client_id == file.c.client_id, user.c.sha256 == file.c.sha256)
            .correlate(file)
            for user in (job_file, schedule_file, upload, notification_file)
        )
    )
    old = (
        select(file.c.client_id, file.c.sha256)
        .where(file.c.used_at < unused_since, ~needed)
        .limit(_PURGE_LIMIT)
    )
    if client_id is not None:
        old = old.where(file.c.client_id == client_id)
    rows = (await connection.execute(old)).all()
    for owner, sha256 in rows:
        await connection.execute(
            delete(file).where(
                *(file.c.client_id == owner, file.c.sha256 == sha256),
                *(file.c.used_at < unused_since, ~needed),  # it may have been asked for since
            )
        )
    return len(rows)
