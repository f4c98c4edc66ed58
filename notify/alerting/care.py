from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, Never, Protocol, cast

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock, rfc3339
from core.ids import new_id
from notify.alerting.alerts import (
    BY_ITSELF,
    ESCALATED,
    CurrentSettings,
    look_again,
    quiet_until,
    rank,
    told,
)
from notify.events import EVENTS, EventName
from store import alerts, happenings, silences
from store.alerts import RESOLVED, AlertRow
from store.engine import Database
from store.for_ever import for_ever
from store.happenings import HappeningRow

log = structlog.get_logger(__name__)

_EVERY_S = 5.0
_FIRST_S = 1.0  # a process that stops at once is not cut off in the middle of a look
_AT_ONCE = 100
_LOOK_AT_ACCOUNTS_S = 60.0
_TIDY_S = 3_600.0
# Another process may have read a newer configuration than this one.
_ACCOUNT_GONE_S = 600.0


class Leads(Protocol):
    """Says whether this process has the duty; `store.leader.Leader` does."""

    async def term(self) -> int | None:
        """The epoch while it has. Raises StorageUnavailable."""
        ...


class AlertCare:
    """What happens to alerts by the time alone: they end, are told later, and are passed on.

    Each step is one transaction on the locked row, so that it is done once, whichever processes
    take care; with `leads` one alone does.
    """

    def __init__(
        self,
        database: Database,
        settings: CurrentSettings,
        *,
        accounts: Callable[[], AbstractSet[str]],
        leads: Leads,
        wake: Callable[[], None],
        clock: Clock,
    ) -> None:
        """`wake` has happenings routed; `accounts` are those that there are."""
        self._database = database
        self._settings = settings
        self._accounts = accounts
        self._leads = leads
        self._wake = wake
        self._clock = clock
        self._missing: dict[str, float] = {}  # since when, by account
        self._looked_at = self._tidied_at = float("-inf")

    async def run(self) -> Never:
        """Take care every few seconds."""
        await for_ever(
            self._take_care,
            every_s=_EVERY_S,
            first_s=_FIRST_S,
            away="alerts wait for the database",
            failed="alerts not taken care of",
        )

    async def _take_care(self) -> None:
        now = self._clock()
        if await self._leads.term() is None:
            return
        await self.look(now)
        if abs(now - self._looked_at) >= _LOOK_AT_ACCOUNTS_S:
            await self.forget_removed(now)
            self._looked_at = now
        if abs(now - self._tidied_at) >= _TIDY_S:
            await self.tidy(now)
            self._tidied_at = now

    async def look(self, now: float) -> None:
        """Do what is due. Raises StorageUnavailable."""
        async with self._database.read() as connection:
            ids = await alerts.due(connection, now, limit=_AT_ONCE)
        for alert_id in ids:
            async with self._database.write() as connection:
                row = await alerts.get(connection, alert_id, lock=True)
                if row is not None and row.state != RESOLVED:
                    await self._step(connection, row, now)
        if ids:
            self._wake()

    async def _step(self, connection: AsyncConnection, row: AlertRow, now: float) -> None:
        """Whatever of it is due: somebody else may have been here meanwhile."""
        quiet = await quiet_until(connection, row, now)
        if _is_due(row.over_at, now):
            await resolve(connection, row, by=BY_ITSELF, tell=quiet is None, now=now)
        elif _is_due(row.tell_at, now):
            if quiet is not None:
                values: dict[str, Any] = {"tell_at": look_again(quiet, now)}
            else:
                values = told(self._settings(), row.severity, now)
                await _announce(connection, row, now)
            await alerts.change(connection, row.id, **values)
        elif _is_due(row.escalate_at, now):
            if quiet is not None:
                await alerts.change(connection, row.id, escalate_at=look_again(quiet, now))
            else:
                await self._escalate(connection, row, now)

    async def _escalate(self, connection: AsyncConnection, row: AlertRow, now: float) -> None:
        levels = self._settings().escalate_after_s
        level = row.escalation + 1
        next_at = None
        if level < len(levels):
            next_at = now + levels[level] - levels[level - 1]
        await alerts.change(connection, row.id, escalation=level, escalate_at=next_at)
        if level <= len(levels) and rank(row.severity) >= rank(self._settings().escalate_from):
            known = EVENTS.get(cast(EventName, row.event))  # None: of a newer version
            problem = known.title._asdict() if known else row.event
            await _announce(connection, row, now, event=ESCALATED, problem=problem, level=level)
            log.warning("alert escalated", alert=row.id, of=row.event, level=level)

    async def forget_removed(self, now: float) -> None:
        """Resolve what is about accounts that are there no more; nobody needs to hear of it."""
        async with self._database.read() as connection:
            named = await alerts.accounts(connection)
        missing = named.difference(self._accounts())
        self._missing = {name: self._missing.get(name, now) for name in missing}
        for name, since in self._missing.items():
            if now - since >= _ACCOUNT_GONE_S:
                async with self._database.write() as connection:
                    note = "公众号已移除 / account removed"
                    await alerts.resolve_of(connection, name, by=BY_ITSELF, note=note, now=now)

    async def tidy(self, now: float) -> None:
        """Forget what ended long ago. Raises StorageUnavailable."""
        before = now - self._settings().keep_s
        async with self._database.write() as connection:
            await alerts.purge(connection, before=before)
            await silences.purge(connection, before=before)


async def resolve(
    connection: AsyncConnection,
    row: AlertRow,
    *,
    by: str,
    tell: bool,
    now: float,
    note: str | None = None,
) -> None:
    """The alert is over; those who know of it hear so, unless a silence holds."""
    await alerts.change(
        *(connection, row.id),
        state=RESOLVED,
        resolved_at=now,
        resolved_by=by,
        note=note or row.note,
        tell_at=None,
        over_at=None,
        escalate_at=None,
    )
    if tell and row.told_at is not None:
        await _announce(connection, row, now, over=True, resolved_by=by)


async def _announce(
    connection: AsyncConnection,
    row: AlertRow,
    now: float,
    *,
    event: str | None = None,
    over: bool = False,
    **more: Any,
) -> None:
    """Have people told of an alert: `Alerts.note` knows by the id that it needs no noting."""
    data = {
        **row.data,
        "alert_id": row.id,
        "event": row.event,
        "severity": row.severity,
        "count": row.count,
        "first_at": rfc3339(row.first_at),
        **more,
    }
    announced = HappeningRow(
        id=new_id("hpn"),
        event=event or row.event,
        account=row.account,
        key=row.key,
        data=data,
        over=over,
        created_at=now,
    )
    await happenings.insert(connection, [announced])


def _is_due(at: float | None, now: float) -> bool:
    return at is not None and at <= now
