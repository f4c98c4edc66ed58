from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import alert

RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """Something that is wrong, or was, however often it was noticed; see `store/tables`."""

    id: str
    event: str
    key: str
    account: str | None
    severity: str
    state: str = "open"
    data: dict[str, Any] = field(repr=False)
    count: int = 1
    first_at: float
    last_at: float
    told_at: float | None = None
    tell_at: float | None = None
    over_at: float | None = None
    acknowledged_at: float | None = None
    acknowledged_by: str | None = None
    note: str | None = None
    resolved_at: float | None = None
    resolved_by: str | None = None
    reopened: int = 0
    escalation: int = 0
    escalate_at: float | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts a list shows; empty means any."""

    states: Collection[str] = ()
    events: Collection[str] = ()
    severities: Collection[str] = ()
    account: str | None = None


async def insert(connection: AsyncConnection, row: AlertRow) -> None:
    """Add an alert. Raises IntegrityError while one of its event and key is unresolved."""
    await connection.execute(alert.insert().values(asdict(row)))


async def get(connection: AsyncConnection, alert_id: str, *, lock: bool = False) -> AlertRow | None:
    """The alert of that id; with `lock` nobody else changes it before the caller commits."""
    query = select(alert).where(alert.c.id == alert_id)
    found = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return _row(found) if found else None


async def latest(connection: AsyncConnection, event: str, key: str) -> AlertRow | None:
    """The one that is unresolved, else the last one; nobody else changes it meanwhile."""
    query = (
        select(alert)
        .where(alert.c.event == event, alert.c.key == key)
        .order_by(alert.c.state == RESOLVED, alert.c.last_at.desc(), alert.c.id.desc())
        .limit(1)
        .with_for_update()
    )
    found = (await connection.execute(query)).one_or_none()
    return _row(found) if found else None


async def change(connection: AsyncConnection, alert_id: str, **values: Any) -> None:
    """Change an alert."""
    statement = update(alert).where(alert.c.id == alert_id)
    await connection.execute(statement.values(version=alert.c.version + 1, **values))


async def due(connection: AsyncConnection, now: float, *, limit: int) -> list[str]:
    """Ids of unresolved alerts that something is to be done about."""
    times = (alert.c.over_at, alert.c.tell_at, alert.c.escalate_at)
    query = (
        select(alert.c.id)
        .where(alert.c.state != RESOLVED, or_(*(time <= now for time in times)))
        .order_by(alert.c.id)
        .limit(limit)
    )
    return list(await connection.scalars(query))


async def recent(
    connection: AsyncConnection, events: Collection[str], *, resolved_after: float
) -> list[AlertRow]:
    """Those of these events that are unresolved, or have been for a short time only; old first."""
    lately = or_(alert.c.state != RESOLVED, alert.c.resolved_at > resolved_after)
    query = select(alert).where(alert.c.event.in_(events), lately).order_by(alert.c.id)
    return [_row(found) for found in await connection.execute(query)]


async def unresolved(connection: AsyncConnection) -> set[tuple[str, str]]:
    """Event and key of all that are."""
    query = select(alert.c.event, alert.c.key).where(alert.c.state != RESOLVED)
    return {(event, key) for event, key in await connection.execute(query)}


async def counts(connection: AsyncConnection) -> dict[tuple[str, str], int]:
    """How many are unresolved, by event and severity."""
    by = (alert.c.event, alert.c.severity)
    query = select(*by, func.count()).where(alert.c.state != RESOLVED).group_by(*by)
    return {(event, severity): n for event, severity, n in await connection.execute(query)}


async def accounts(connection: AsyncConnection) -> set[str]:
    """The accounts that unresolved alerts are about."""
    query = select(alert.c.account).distinct()
    query = query.where(alert.c.state != RESOLVED, alert.c.account.is_not(None))
    return {name for name in await connection.scalars(query) if name is not None}


async def resolve_of(
    connection: AsyncConnection, account: str, *, by: str, note: str, now: float
) -> int:
    """Resolve all that is unresolved about an account; how many."""
    return await _resolve(connection, alert.c.account == account, by=by, note=note, now=now)


async def resolve_event(
    connection: AsyncConnection, event: str, *, by: str, note: str, now: float
) -> int:
    """Resolve all that is unresolved of an event; how many."""
    return await _resolve(connection, alert.c.event == event, by=by, note=note, now=now)


async def _resolve(
    connection: AsyncConnection, which: ColumnElement[bool], *, by: str, note: str, now: float
) -> int:
    statement = (
        update(alert)
        .where(alert.c.state != RESOLVED, which)
        .values(state=RESOLVED, resolved_at=now, resolved_by=by, note=note)
        .values(tell_at=None, over_at=None, escalate_at=None, version=alert.c.version + 1)
    )
    return (await connection.execute(statement)).rowcount


async def page(
    connection: AsyncConnection, wanted: AlertFilter, *, before: str | None, limit: int
) -> list[AlertRow]:
    """Alerts, newest first, older than the one of id `before`."""
    query = select(alert).order_by(alert.c.id.desc()).limit(limit)
    for column, values in (
        (alert.c.state, wanted.states),
        (alert.c.event, wanted.events),
        (alert.c.severity, wanted.severities),
    ):
        if values:
            query = query.where(column.in_(values))
    if wanted.account is not None:
        query = query.where(alert.c.account == wanted.account)
    if before is not None:
        query = query.where(alert.c.id < before)
    return [_row(found) for found in await connection.execute(query)]


async def purge(connection: AsyncConnection, *, before: float, limit: int = 1_000) -> int:
    """Drop at most `limit` that were resolved before then; how many."""
    old = select(alert.c.id).where(alert.c.resolved_at < before, alert.c.state == RESOLVED)
    doomed = old.limit(limit)
    return (await connection.execute(delete(alert).where(alert.c.id.in_(doomed)))).rowcount


def _row(found: Row[Any]) -> AlertRow:
    return AlertRow(**found._mapping)  # noqa: SLF001 - the documented way to a row's names
