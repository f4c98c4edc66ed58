"""Alerts that nothing was heard of for long."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.alerts import RESOLVED, AlertRow
from store.tables import alert


async def silent_since(
    connection: AsyncConnection, events: Collection[str], before: float
) -> list[AlertRow]:
    """Unresolved alerts of these events that were seen last before then, and are not ending."""
    query = (
        select(alert)
        .where(alert.c.state != RESOLVED, alert.c.over_at.is_(None))
        .where(alert.c.event.in_(events), alert.c.last_at < before)
        .order_by(alert.c.id)
    )
    return [AlertRow(**found._mapping) for found in await connection.execute(query)]  # noqa: SLF001 - the documented way to a row's names
