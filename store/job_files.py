from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import job_file


async def put(connection: AsyncConnection, job_id: str, files: Mapping[str, bytes]) -> None:
    """Keep the files that were sent along with a job, by name."""
    rows = [{"job_id": job_id, "name": name, "data": data} for name, data in files.items()]
    if rows:
        await connection.execute(job_file.insert(), rows)


async def get(connection: AsyncConnection, job_id: str) -> dict[str, bytes]:
    """The job's files by name."""
    query = select(job_file.c.name, job_file.c.data).where(job_file.c.job_id == job_id)
    return {name: bytes(data) for name, data in await connection.execute(query)}


async def drop(connection: AsyncConnection, job_id: str) -> None:
    """Forget the job's files."""
    await connection.execute(delete(job_file).where(job_file.c.job_id == job_id))
