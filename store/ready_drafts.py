from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.jobs import HEAD, JobHead, head_of
from store.tables import job

_LOOKED_AT = 200


async def waiting(connection: AsyncConnection, account: str, *, since: float) -> Sequence[JobHead]:
    """Jobs that ended with a draft for a person, who was not seen to take it; newest first."""
    query = (
        select(*HEAD)
        .where(job.c.account == account, job.c.state == "succeeded", job.c.action == "publish")
        .where(job.c.created_at >= since)
        .order_by(job.c.id.desc())
        .limit(_LOOKED_AT)
    )
    heads = [head_of(found) for found in await connection.execute(query)]
    return [head for head in heads if _is_ready(head.result or {})]


def _is_ready(result: Mapping[str, Any]) -> bool:
    return result.get("mode") == "draft_ready" and "left_box" not in result
