"""What became of the articles and drafts that were handed in, counted."""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.intents import is_released
from store.tables import ACTIVE_STATES, job

_KINDS = ("article", "draft.create", "draft.publish")
# From columns that stand before the article in the row: the result stands behind it.
_OUTCOME = case(
    (job.c.state.in_(ACTIVE_STATES), "under_way"),
    (job.c.state != "succeeded", job.c.state),
    (job.c.action == "draft", "draft"),
    (~is_released, "draft_ready"),  # WeChat does not let this account publish
    (job.c.action == "mass_send", "mass_sent"),
    else_="published",
).label("outcome")


class Counted(NamedTuple):
    """So many of an account came to that end."""

    account: str
    outcome: str
    jobs: int


async def count(
    connection: AsyncConnection, accounts: Collection[str], *, since: float
) -> list[Counted]:
    """The ends of what was handed in from then on, alone or in batches."""
    # By the index of the lists, which has no items of batches; those by the index of their batch.
    top = select(job.c.id).where(job.c.parent_id.is_(None), job.c.created_at >= since)
    batches = top.where(job.c.kind == "batch")
    query: Select[Any] = (
        select(job.c.account, _OUTCOME, func.count())
        .where(
            job.c.account.in_(accounts),
            job.c.kind.in_(_KINDS),
            or_(job.c.id.in_(top), job.c.parent_id.in_(batches)),
        )
        .group_by(job.c.account, "outcome")
    )
    return [Counted(*row) for row in await connection.execute(query)]
