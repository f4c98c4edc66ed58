from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.notifications import NotificationRow, row_of
from store.tables import notification

Span = tuple[float | None, float | None]  # from when, and before when


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationFilter:
    """Which notifications; what is not said is any."""

    client_id: str | None = None
    ids: Collection[str] | None = None
    states: Collection[str] = ()
    channels: Collection[str] = ()
    events: Collection[str] = ()
    severities: Collection[str] = ()
    account: str | None = None
    alert_id: str | None = None
    digest_id: str | None = None
    created: Span = (None, None)


async def page(
    connection: AsyncConnection, wanted: NotificationFilter, *, before: str | None, limit: int
) -> list[NotificationRow]:
    """Those that are wanted, newest first, from before that id on."""
    query = select(notification).where(*_conditions(wanted))
    if before is not None:
        query = query.where(notification.c.id < before)
    query = query.order_by(notification.c.id.desc()).limit(limit)
    return [row_of(found) for found in await connection.execute(query)]


async def summary(connection: AsyncConnection, wanted: NotificationFilter) -> dict[str, int]:
    """How many are in each state."""
    query = select(notification.c.state, func.count()).where(*_conditions(wanted))
    rows = await connection.execute(query.group_by(notification.c.state))
    return {found.state: found[1] for found in rows}


def _conditions(wanted: NotificationFilter) -> list[ColumnElement[bool]]:
    columns = notification.c
    equal = (
        (columns.client_id, wanted.client_id),
        (columns.account, wanted.account),
        (columns.alert_id, wanted.alert_id),
        (columns.digest_id, wanted.digest_id),
    )
    among = (
        (columns.state, wanted.states),
        (columns.channel, wanted.channels),
        (columns.event, wanted.events),
        (columns.severity, wanted.severities),
    )
    since, before = wanted.created
    return [
        *(column == value for column, value in equal if value is not None),
        *(column.in_(values) for column, values in among if values),
        *([columns.id.in_(wanted.ids)] if wanted.ids is not None else []),
        *([columns.created_at >= since] if since is not None else []),
        *([columns.created_at < before] if before is not None else []),
    ]
