"""Notifications on their way: who sends which, how many a minute, and what came of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, case, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store import locks
from store.notifications import NotificationRow, row_of
from store.tables import notification, notification_attempt

Outcome = Literal["sent", "failed", "unknown"]

_A_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of an attempt."""

    outcome: Outcome
    at: float
    sender: str | None = None
    reference: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may send something, from when and until when."""

    owner: str
    now: float
    until: float


async def channels_due(
    connection: AsyncConnection, now: float, *, busy: Collection[str]
) -> list[str]:
    """Channels that have something to send now, but for those that are `busy`."""
    query = (
        select(notification.c.channel)
        .where(notification.c.state == "pending", notification.c.next_at <= now)
        .where(notification.c.lease_owner.is_(None), notification.c.channel.not_in(busy))
        .distinct()
    )
    return list((await connection.scalars(query)).all())


async def claim(
    connection: AsyncConnection, channel: str, lease: Lease, *, limit: int, per_minute: int
) -> list[NotificationRow]:
    """Take at most `limit` that are due; each has a new attempt, which is written down.

    Of two callers exactly one gets a notification. It is nobody else's while the lease lasts, and
    then it is `lost`. Of one channel no more than `per_minute` attempts begin within a minute.
    """
    now = lease.now
    await locks.serialize(connection, f"notify {channel}")
    begun = await begun_since(connection, channel, now - _A_MINUTE_S)
    due = (
        select(notification.c.id)
        .where(notification.c.channel == channel, notification.c.state == "pending")
        .where(notification.c.next_at <= now, notification.c.lease_owner.is_(None))
        .order_by(
            case((notification.c.severity == "critical", 0), else_=1),
            notification.c.next_at,
            notification.c.id,
        )
        .limit(max(0, min(limit, per_minute - begun)))
    )
    values = {
        "lease_owner": lease.owner,
        "next_at": lease.until,
        "attempts": notification.c.attempts + 1,
    }
    # Looked for first: PostgreSQL may evaluate a LIMIT within an UPDATE more than once.
    ids = (await connection.scalars(due.with_for_update(skip_locked=True))).all()
    if not ids:
        return []
    statement = update(notification).where(notification.c.id.in_(ids)).values(**values)
    rows = [row_of(found) for found in await connection.execute(statement.returning(notification))]
    begin = [
        {
            "notification_id": row.id,
            "number": row.attempts,
            "channel": row.channel,
            "began_at": now,
        }
        for row in rows
    ]
    await connection.execute(notification_attempt.insert(), begin)
    return sorted(rows, key=lambda row: ids.index(row.id))


async def begun_since(connection: AsyncConnection, channel: str, since: float) -> int:
    """How many attempts of a channel began after then."""
    query = select(func.count()).where(
        notification_attempt.c.channel == channel, notification_attempt.c.began_at > since
    )
    return (await connection.scalar(query)) or 0


async def told_since(connection: AsyncConnection, channel: str, since: float) -> int:
    """How many messages of ours a channel got, or is to get at once, since then."""
    query = select(func.count()).where(
        notification.c.channel == channel,
        notification.c.client_id.is_(None),
        notification.c.created_at > since,
        notification.c.state.not_in(("held", "digested")),
    )
    return (await connection.scalar(query)) or 0


async def end(
    connection: AsyncConnection, seen: NotificationRow, ended: Ended, **values: Any
) -> bool:
    """Record what came of an attempt, and `values` of the notification; whether it took them.

    It does not where another attempt was begun since, or it was sent. What was taken for lost is
    a fact all the same when it comes late.
    """
    await connection.execute(
        update(notification_attempt)
        .where(
            notification_attempt.c.notification_id == seen.id,
            notification_attempt.c.number == seen.attempts,
        )
        .values(
            ended_at=ended.at,
            outcome=ended.outcome,
            sender=ended.sender,
            reference=ended.reference,
            error=ended.error,
        )
    )
    statement = (
        update(notification)
        .where(notification.c.id == seen.id, notification.c.attempts == seen.attempts)
        .where(notification.c.state.in_(("pending", "needs_review")))
        .values(lease_owner=None, **values)
    )
    return (await connection.execute(statement)).rowcount == 1


async def prolong(connection: AsyncConnection, seen: NotificationRow, until: float) -> bool:
    """Have it until then; False, and nothing changes, where it is not `seen`'s owner's any more."""
    mine = notification.c.id == seen.id, notification.c.attempts == seen.attempts
    statement = (
        update(notification)
        .where(*mine, notification.c.lease_owner == seen.lease_owner)
        .where(notification.c.state == "pending")
        .values(next_at=until)
    )
    return (await connection.execute(statement)).rowcount == 1


async def undo(connection: AsyncConnection, seen: NotificationRow, *, next_at: float) -> None:
    """The newest attempt was none: nothing was sent, and it does not count."""
    mine = notification.c.id == seen.id, notification.c.attempts == seen.attempts
    values = {"lease_owner": None, "next_at": next_at, "attempts": seen.attempts - 1}
    statement = update(notification).where(*mine, notification.c.lease_owner == seen.lease_owner)
    if (await connection.execute(statement.values(values))).rowcount == 1:
        await connection.execute(
            delete(notification_attempt).where(
                notification_attempt.c.notification_id == seen.id,
                notification_attempt.c.number == seen.attempts,
            )
        )


async def give_up(
    connection: AsyncConnection, channel: str, *, before: float, limit: int = 100, **values: Any
) -> list[NotificationRow]:
    """Write `values` to what waits for a channel since before then, if it sent nothing since.

    At most `limit` of them, the oldest first; those that it changed.
    """
    sent = select(notification_attempt.c.number).where(
        notification_attempt.c.channel == channel,
        notification_attempt.c.began_at > before,
        notification_attempt.c.outcome == "sent",
    )
    if await connection.scalar(sent.limit(1)) is not None:
        return []
    waiting = (
        select(notification.c.id)
        .where(notification.c.channel == channel, notification.c.state == "pending")
        .where(notification.c.lease_owner.is_(None), notification.c.created_at <= before)
        .order_by(notification.c.id)
        .limit(limit)
    )
    ids = (await connection.scalars(waiting.with_for_update(skip_locked=True))).all()
    statement = update(notification).where(notification.c.id.in_(ids)).values(**values)
    return [row_of(found) for found in await connection.execute(statement.returning(notification))]


async def any_lost(connection: AsyncConnection, now: float) -> bool:
    """Whether there is something `lost`."""
    query = select(notification.c.id).where(*_overdue(now)).limit(1)
    return (await connection.scalar(query)) is not None


async def lost(
    connection: AsyncConnection, now: float, *, limit: int = 100
) -> Sequence[NotificationRow]:
    """Those whose sender should have said something by now: nobody knows whether they went out."""
    query = (
        select(notification).where(*_overdue(now)).limit(limit).with_for_update(skip_locked=True)
    )
    return [row_of(found) for found in await connection.execute(query)]


async def owners(connection: AsyncConnection, now: float) -> list[str]:
    """All who are sending something that is not `lost`."""
    query = select(notification.c.lease_owner).where(
        notification.c.state == "pending",
        notification.c.lease_owner.is_not(None),
        notification.c.next_at > now,
    )
    return [str(owner) for owner in await connection.scalars(query.distinct())]


async def release(connection: AsyncConnection, owner: str | None, now: float) -> int:
    """What `owner`, which is gone, was sending is `lost` now; how many. None: whoever it was."""
    whose = (
        notification.c.lease_owner.is_not(None)
        if owner is None
        else notification.c.lease_owner == owner
    )
    statement = update(notification).where(notification.c.state == "pending", whose)
    return (await connection.execute(statement.values(next_at=now))).rowcount


def _overdue(now: float) -> tuple[ColumnElement[bool], ...]:
    return (
        notification.c.state == "pending",
        notification.c.next_at <= now,
        notification.c.lease_owner.is_not(None),
    )
