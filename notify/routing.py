from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol, cast, get_args

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.metrics import Metrics
from notify import aftermath
from notify.alerts import Noted
from notify.events import EVENTS, EventName
from notify.message import Severity
from notify.outbox import NewNotification, Notifications
from notify.quiet import quiet_until
from notify.settings import NotifySettings, Route
from store import digests, happenings, locks, sending
from store.digests import HeldGroup
from store.engine import Database
from store.happenings import HappeningRow

log = structlog.get_logger(__name__)

_AT_A_TIME = 200
_RANKS: tuple[Severity, ...] = get_args(Severity)


class Alerts(Protocol):
    """Keeps one alert for each thing that is wrong; notify/alerts.py does."""

    async def note(self, connection: AsyncConnection, row: HappeningRow, now: float) -> Noted:
        """Open, count or resolve its alert, in the transaction that routes it."""
        ...


class Routing:
    """Makes notifications of what happened, by the routes of the configuration."""

    def __init__(  # noqa: PLR0913 - all that it works with
        self,
        database: Database,
        notifications: Notifications,
        alerts: Alerts,
        metrics: Metrics,
        *,
        settings: Callable[[], NotifySettings],
        clock: Clock,
        public_url: str = "",
    ) -> None:
        """`public_url` is where callers reach the gateway; empty: nobody is led there."""
        self._database = database
        self._public_url = public_url.rstrip("/")
        self._notifications = notifications
        self._alerts = alerts
        self._metrics = metrics
        self._settings = settings
        self._clock = clock

    async def route(self) -> int:
        """Route the oldest of what happened; how many. Several processes may ask at once."""
        async with self._database.read() as connection:
            if not await happenings.any_new(connection):
                return 0
        now = self._clock()
        async with self._database.write() as connection:
            # One router at a time: it counts what others would add meanwhile.
            await locks.serialize(connection, "routing")
            found = await happenings.take(connection, limit=_AT_A_TIME)
            for row in found:
                await self._tell(connection, row, now)
            await happenings.routed(connection, [row.id for row in found], now)
        self._notifications.wake()
        return len(found)

    async def _tell(self, connection: AsyncConnection, row: HappeningRow, now: float) -> None:
        if row.event not in EVENTS:
            log.error("event unknown", happening=row.event)  # of a newer version
            return
        if not row.over:
            self._metrics.happenings.labels(row.event).inc()
        noted = await self._alerts.note(connection, row, now)
        if not noted.tell:
            return
        settings = self._settings()
        for route in matching(settings.routes, row):
            for channel in route.channels:
                # Whom a dead channel would tell of itself, nobody hears.
                if row.event == aftermath.EVENT and channel == row.key:
                    continue
                new = _notification(row, route, channel, noted.alert_id, self._url(row))
                hold_until = await self._hold_until(connection, new, route, now)
                added = await self._notifications.add(
                    connection, replace(new, hold_until=hold_until)
                )
                if not added.is_new:
                    self._metrics.notifications.labels(channel, "suppressed").inc()

    def _url(self, row: HappeningRow) -> str:
        """Where to read more of it, as far as there is such a place."""
        job_id = row.data.get("job_id")
        return f"{self._public_url}/v1/jobs/{job_id}" if self._public_url and job_id else ""

    async def _hold_until(
        self, connection: AsyncConnection, new: NewNotification, route: Route, now: float
    ) -> float | None:
        """Until when it waits to go out with others; None: it goes at once.

        What is critical waits for no one, unless there is a flood of it.
        """
        settings, hold_s = self._settings(), 0.0
        if (
            await sending.told_since(connection, new.channel, now - settings.burst_s)
            >= settings.burst
        ):
            hold_s = settings.burst_s
        critical = new.severity == "critical"
        if not critical:
            hold_s = max(hold_s, route.digest_s)
        until = now + hold_s
        if hold_s:
            group = HeldGroup(new.channel, new.held_with())
            # Those that are held go out together, not a second after one another.
            until = min(until, await digests.next_release(connection, group, after=now) or until)
        if not critical:
            hours = settings.quiet_hours if route.quiet_hours == "inherit" else route.quiet_hours
            until = quiet_until(hours, settings.time_zone, until) or until
        return until if until > now else None


def matching(routes: Iterable[Route], row: HappeningRow) -> Iterator[Route]:
    """The routes that tell of it."""
    rank = _RANKS.index(severity_of(row))
    for route in routes:
        if (
            wants(route.events, row.event)
            and rank >= _RANKS.index(route.min_severity)
            and (not route.accounts or row.account in route.accounts)
        ):
            yield route
            if route.last:
                return


def wants(patterns: Iterable[str], event: str) -> bool:
    """Whether one of them names that event; a * at its end stands for anything."""
    return any(
        event.startswith(pattern[:-1]) if pattern.endswith("*") else event == pattern
        for pattern in patterns
    )


def severity_of(row: HappeningRow) -> Severity:
    """How bad it is: as its event always is, or worse where that is said."""
    least = EVENTS[cast(EventName, row.event)].severity
    said = row.data.get("severity")
    return max(least, said, key=_RANKS.index) if said in _RANKS else least


def _notification(
    row: HappeningRow, route: Route, channel: str, alert_id: str | None, url: str
) -> NewNotification:
    event = cast(EventName, row.event)
    # What is told of an alert is told because the alert says so, and each time it does.
    dedupe_key = f"{event}:{row.account or ''}:{row.key}:{row.over}" if row.key else None
    known = {"account": row.account, "key": row.key, "over": row.over}
    if url:
        known["url"] = url
    return NewNotification.of_event(
        event,
        channel,
        {**known, **row.data},
        severity=severity_of(row),
        account=row.account,
        alert_id=alert_id,
        to=route.to,
        mention=route.mention,
        dedupe_key=None if alert_id else dedupe_key and dedupe_key[:200],
    )
