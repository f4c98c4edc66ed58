"""What is over and done with, long ago: found and forgotten a part at a time."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import ACTIVE_STATES, intent, job, tag

_PARENTS = 100
# Nobody has decided yet what became of these.
_KEPT = (*ACTIVE_STATES, "needs_review")


async def purge_jobs(connection: AsyncConnection, *, ended_before: float, limit: int) -> int:
    """Forget jobs that ended before then, with all that hangs on them; how many, at most `limit`.

    A batch goes after its items, and none of them before all are over. What may have worked
    without anybody knowing stays, and so does what waits for a person.
    """
    item = job.alias("item")
    unfinished = exists().where(item.c.parent_id == job.c.id, item.c.state.in_(_KEPT))
    doubtful = exists().where(intent.c.job_id == job.c.id, intent.c.outcome.is_(None))
    old = (
        select(job.c.id)
        # By the index of the lists; `updated_at` stands behind the article in the row.
        .where(job.c.parent_id.is_(None), job.c.created_at < ended_before)
        .where(job.c.state.not_in(_KEPT), job.c.updated_at < ended_before)
        .where(~unfinished, ~doubtful)
        .order_by(job.c.id)
        .limit(_PARENTS)
    )
    tops = list(await connection.scalars(old))
    items: Select[Any] = select(job.c.id).where(job.c.parent_id.in_(tops)).limit(limit)
    doomed = list(await connection.scalars(items)) or tops[:limit]
    await _forget(connection, doomed)
    return len(doomed)


async def _forget(connection: AsyncConnection, ids: Collection[str]) -> None:
    if ids:
        await connection.execute(delete(tag).where(tag.c.kind == "job", tag.c.subject.in_(ids)))
        await connection.execute(delete(job).where(job.c.id.in_(ids)))
