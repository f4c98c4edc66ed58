from collections.abc import Collection

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import is_active, job


async def forgive(connection: AsyncConnection, job_ids: Collection[str]) -> None:
    """Count one start less of each of those jobs that are not over."""
    statement = (
        update(job)
        .where(job.c.id.in_(job_ids), is_active, job.c.attempts > 0)
        .values(attempts=job.c.attempts - 1)
    )
    await connection.execute(statement)
