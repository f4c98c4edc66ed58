import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol, cast, get_args

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.metrics import Metrics
from notify import aftermath
from notify.alerting.alerts import Noted
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

_AT_A_TIME = 20  # others want to write too
_RANKS: tuple[Severity, ...] = get_args(Severity)


class Alerts(Protocol):
    """Keeps one alert for each thing that is wrong; notify/alerting/alerts.py does."""

    async def note(self, connection: AsyncConnection, row: HappeningRow, now: float) -> Noted:
        """Open, count or resolve its alert, in the transaction that routes it."""
        ...


class Crowd:
    """What channels get of late, and what is held for them, as one transaction sees it.

    It is asked of the store once: in a flood each question costs as much as the flood is long.
    """

    def __init__(self, connection: AsyncConnection, now: float) -> None:
        self.now = now
        self._connection = connection
        self._told: dict[str, int] = {}
        self._releases: dict[HeldGroup, float | None] = {}

    async def told(self, channel: str, within_s: float) -> int:
        """How many messages of ours the channel got, or is to get at once."""
        if channel not in self._told:
            since = self.now - within_s
            self._told[channel] = await sending.told_since(self._connection, channel, since)
        return self._told[channel]

    async def next_release(self, new: NewNotification) -> float | None:
        """When those go out that are held with its like; None: there are none."""
        group = _group(new)
        if group not in self._releases:
            self._releases[group] = await digests.next_release(
                self._connection, group, after=self.now
            )
        return self._releases[group]

    def joined(self, new: NewNotification, hold_until: float | None) -> None:
        """It is one of them now."""
        if hold_until is None:
            self._told[new.channel] += 1  # it was asked for before
        else:
            group = _group(new)
            if group in self._releases:
                self._releases[group] = min(hold_until, self._releases[group] or hold_until)


def _group(new: NewNotification) -> HeldGroup:
    return HeldGroup(new.channel, new.held_with())


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
            crowd = Crowd(connection, now)
            for row in found:
                await self._tell(connection, row, crowd)
            await happenings.routed(connection, [row.id for row in found], now)
        self._notifications.wake()
        return len(found)

    async def _tell(self, connection: AsyncConnection, row: HappeningRow, crowd: Crowd) -> None:
        if row.event not in EVENTS:
            log.error("event unknown", happening=row.event)  # of a newer version
            return
        if not row.over:
            self._metrics.happenings.labels(row.event).inc()
        noted = await self._alerts.note(connection, row, crowd.now)
        if not noted.tell:
            return
        settings = self._settings()
        for route in matching(settings.routes, row):
            for channel in route.channels:
                # Whom a dead channel would tell of itself, nobody hears.
                if row.event == aftermath.EVENT and channel == row.key:
                    continue
                new = _notification(row, route, channel, noted.alert_id, self._url(row))
                hold_until = await self._hold_until(crowd, new, route)
                added = await self._notifications.add(
                    connection, replace(new, hold_until=hold_until)
                )
                if added.is_new:
                    crowd.joined(new, hold_until)
                else:
                    self._metrics.notifications.labels(channel, "suppressed").inc()

    def _url(self, row: HappeningRow) -> str:
        """Where to read more of it, as far as there is such a place."""
        job_id = row.data.get("job_id")
        return f"{self._public_url}/v1/jobs/{job_id}" if self._public_url and job_id else ""

    async def _hold_until(self, crowd: Crowd, new: NewNotification, route: Route) -> float | None:
        """Until when it waits to go out with others; None: it goes at once.

        What is critical waits for no one, unless there is a flood of it.
        """
        settings, now, hold_s = self._settings(), crowd.now, 0.0
        if await crowd.told(new.channel, settings.burst_s) >= settings.burst:
            hold_s = settings.burst_s
        critical = new.severity == "critical"
        if not critical:
            hold_s = max(hold_s, route.digest_s)
        until = now + hold_s
        if hold_s:
            # Those that are held go out together, not a second after one another.
            until = min(until, await crowd.next_release(new) or until)
        if not critical:
            own = route.quiet_hours
            hours = settings.quiet_hours if own == "inherit" else own
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
    known = {"account": row.account, "key": row.key, "over": row.over}
    if url:
        known["url"] = url
    if alert_id:
        known["alert_id"] = alert_id  # who reads it may want to acknowledge it
    new = NewNotification.of_event(
        event,
        channel,
        {**known, **row.data},
        severity=severity_of(row),
        account=row.account,
        alert_id=alert_id,
        to=route.to,
        mention=route.mention,
    )
    return replace(new, dedupe_key=_same(row, new))


def _same(row: HappeningRow, new: NewNotification) -> str | None:
    """The same for what is told once, by whichever of several routes to the same readers.

    What is told of an alert is told because the alert says so, and each time it does.
    """
    if new.alert_id is not None:
        said = [row.id]
    elif row.key:
        said = [row.event, row.account or "", row.key, str(row.over)]
    else:
        return None
    return hashlib.sha256("\0".join([*said, new.held_with()]).encode()).hexdigest()
