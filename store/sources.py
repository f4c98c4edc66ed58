from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.jobs import JobHead
from store.tables import source, written_draft
from store.upsert import insert_for


async def draft_of(connection: AsyncConnection, row: JobHead, source_id: str) -> str | None:
    """The media_id that the client's source became last, if it did."""
    query = select(source.c.media_id).where(
        source.c.account == row.account,
        source.c.client_id == row.client_id,
        source.c.source_id == source_id,
    )
    found: str | None = await connection.scalar(query)
    return found


async def became(
    connection: AsyncConnection, row: JobHead, source_id: str, media_id: str, *, now: float
) -> None:
    """Note which draft the client's source is now."""
    values = {"media_id": media_id, "job_id": row.id, "updated_at": now}
    key = {"account": row.account, "client_id": row.client_id, "source_id": source_id}
    statement = insert_for(connection, source).values(**key, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


async def wrote(
    connection: AsyncConnection, row: JobHead, media_id: str, content_hash: str, *, now: float
) -> None:
    """Note what a draft says, since a job of ours wrote it."""
    values = {"content_hash": content_hash, "job_id": row.id, "updated_at": now}
    key = {"account": row.account, "media_id": media_id}
    statement = insert_for(connection, written_draft).values(**key, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


async def writer(connection: AsyncConnection, account: str, media_id: str) -> str | None:
    """The job of ours that wrote into the draft last."""
    query = select(written_draft.c.job_id).where(
        written_draft.c.account == account, written_draft.c.media_id == media_id
    )
    found: str | None = await connection.scalar(query)
    return found


async def written(connection: AsyncConnection, account: str, media_id: str) -> str | None:
    """The hash of what a job of ours wrote into the draft last."""
    query = select(written_draft.c.content_hash).where(
        written_draft.c.account == account, written_draft.c.media_id == media_id
    )
    found: str | None = await connection.scalar(query)
    return found
