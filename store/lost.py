from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.intents import is_released
from store.tables import is_active, job


async def forsake(
    connection: AsyncConnection, until: float, values: Mapping[str, Any]
) -> list[tuple[str, str | None]]:
    """Change all jobs that may have been worked on until then; the id of each and of its batch.

    Those whose last effect is known to have happened are left alone, and batches, which only
    look after the others. Nobody who holds one can write any more.
    """
    statement = (
        update(job)
        .where(is_active, job.c.run_at <= until, job.c.kind != "batch", ~is_released)
        .values(
            epoch=job.c.epoch + 1,
            version=job.c.version + 1,
            lease_owner=None,
            lease_until=None,
            **values,
        )
        .returning(job.c.id, job.c.parent_id)
    )
    return [(found.id, found.parent_id) for found in await connection.execute(statement)]
