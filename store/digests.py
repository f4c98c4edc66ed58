"""Notifications that are held back, to go out together."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.notifications import NotificationRow, row_of
from store.tables import notification


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Those that may go out together: of one channel, for the same people."""

    channel: str
    held_with: str


async def due(connection: AsyncConnection, now: float, *, limit: int = 50) -> list[HeldGroup]:
    """Groups of which at least one has been held long enough."""
    query = (
        select(notification.c.channel, notification.c.held_with)
        .where(notification.c.state == "held", notification.c.next_at <= now)
        .distinct()
        .limit(limit)
    )
    return [HeldGroup(*found) for found in await connection.execute(query)]


async def next_release(
    connection: AsyncConnection, group: HeldGroup, *, after: float
) -> float | None:
    """When some of the group go out next, after that time; None: nothing of it is held."""
    query = (
        select(notification.c.next_at)
        .where(*_held(group), notification.c.next_at > after)
        .order_by(notification.c.next_at)  # in the order of an index: the first will do
        .limit(1)
    )
    release: float | None = await connection.scalar(query)
    return release


async def gather(connection: AsyncConnection, group: HeldGroup, digest_id: str, now: float) -> int:
    """Let what has been held long enough go out by the notification `digest_id`; how many."""
    statement = (
        update(notification)
        .where(*_held(group), notification.c.next_at <= now)
        .values(state="digested", digest_id=digest_id, done_at=now)
    )
    return (await connection.execute(statement)).rowcount


async def tally(
    connection: AsyncConnection, digest_id: str
) -> list[tuple[str | None, str, str | None, int]]:
    """What a digest carries: event, severity, account, and how many."""
    what = (notification.c.event, notification.c.severity, notification.c.account)
    query = select(*what, func.count()).where(notification.c.digest_id == digest_id).group_by(*what)
    return [tuple(found) for found in await connection.execute(query)]


async def newest(
    connection: AsyncConnection, digest_id: str, *, limit: int
) -> list[NotificationRow]:
    """At most `limit` of those that a digest carries, the first one first."""
    query = (
        select(notification)
        .where(notification.c.digest_id == digest_id)
        .order_by(notification.c.id.desc())
        .limit(limit)
    )
    return [row_of(found) for found in await connection.execute(query)][::-1]


async def let_go(connection: AsyncConnection, digest_id: str, now: float) -> None:
    """Let what was gathered go out by itself, after all."""
    values = {"state": "pending", "next_at": now, "digest_id": None, "done_at": None}
    await connection.execute(
        update(notification).where(notification.c.digest_id == digest_id).values(values)
    )


def _held(group: HeldGroup) -> tuple[ColumnElement[bool], ...]:
    return (
        notification.c.state == "held",
        notification.c.channel == group.channel,
        notification.c.held_with == group.held_with,
    )
