"""One alert a thing that is wrong, however often it is noticed and by whichever process."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from sqlalchemy.ext.asyncio import AsyncConnection

from core.ids import new_id
from notify.alerting.settings import AlertSettings
from notify.events import EVENTS
from notify.message import Severity
from store import alerts, silences
from store.alerts import RESOLVED, AlertRow
from store.happenings import HappeningRow
from store.locks import serialize

BY_ITSELF = "system"  # who resolved what nobody did
ESCALATED = "alert.escalated"
_ALERT_ID = "alert_id"  # in the data of what is told of an alert by us
_ORDER: tuple[Severity, ...] = get_args(Severity)
_LOOK_AGAIN_S = 60.0
_MOST_DOUBLINGS = 6
_OPEN = {
    "state": "open",
    "acknowledged_at": None,
    "acknowledged_by": None,
    "note": None,
    "resolved_at": None,
    "resolved_by": None,
}

CurrentSettings = Callable[[], AlertSettings]


@dataclass(frozen=True, slots=True)
class Noted:
    """What a happening means for its alert, and whether people are to be told of it."""

    alert_id: str | None
    tell: bool


class Alerts:
    """Opens alerts, counts what happens again, and says what is worth a message.

    Told is the begin at once, and the end when it has lasted (notify/alerting/care.py); between
    them only that it got worse. So what comes and goes every few seconds is told once.
    """

    def __init__(self, settings: CurrentSettings) -> None:
        self._settings = settings

    async def note(self, connection: AsyncConnection, happening: HappeningRow, now: float) -> Noted:
        """Take a happening in, in the transaction that tells people of it."""
        told_of = happening.data.get(_ALERT_ID)
        if isinstance(told_of, str):  # the care's own: what it says is done already
            silenced = happening.event == ESCALATED and await quiet_until(
                connection, happening, now
            )
            return Noted(told_of, tell=not silenced)
        event = EVENTS.get(happening.event)  # type: ignore[call-overload]
        if event is None or not event.alerts:
            return Noted(None, tell=await quiet_until(connection, happening, now) is None)
        # Those of one thing take turns; of several things too, so that no two wait for each other.
        await serialize(connection, "alerts")
        known = await alerts.latest(connection, happening.event, happening.key)
        if happening.over:
            await self._may_be_over(connection, known, happening, now)
            return Noted(None, tell=False)
        severity = _severity(happening, event.severity)
        telling = await self._telling(connection, happening, severity, now)
        if known is None or not self._is_same(known, now):
            return await _opened(connection, happening, severity, telling)
        values = _counted(known, happening)
        if known.state == RESOLVED:
            values |= {**_OPEN, "severity": severity, "reopened": known.reopened + 1, **telling}
        elif rank(severity) > rank(known.severity):  # worse than what was acknowledged
            values |= {**_OPEN, "severity": severity, **telling}
        elif known.tell_at is not None:
            values |= telling
        await alerts.change(connection, known.id, **values)
        return Noted(known.id, tell="told_at" in values)

    def _is_same(self, known: AlertRow, now: float) -> bool:
        """Whether what happens now belongs to it. What a person resolved begins anew."""
        if known.state != RESOLVED:
            return True
        since_s = now - (known.resolved_at or 0.0)
        return known.resolved_by == BY_ITSELF and since_s < self._settings().reopen_within_s

    async def _telling(
        self, connection: AsyncConnection, happening: HappeningRow, severity: str, now: float
    ) -> dict[str, Any]:
        until = await quiet_until(connection, happening, now)
        return told(self._settings(), severity, now) if until is None else held(until, now)

    async def _may_be_over(
        self,
        connection: AsyncConnection,
        known: AlertRow | None,
        happening: HappeningRow,
        now: float,
    ) -> None:
        """It has ended; over it is if it does not happen again soon."""
        if known is None or known.state == RESOLVED or known.over_at is not None:
            return
        if happening.created_at < known.last_at:
            return  # an end from before it happened again
        calm_s = self._settings().calm_s * 2 ** min(known.reopened, _MOST_DOUBLINGS)
        await alerts.change(connection, known.id, over_at=now + calm_s)


def told(settings: AlertSettings, severity: str, now: float) -> dict[str, Any]:
    """What changes of an alert that people are told of now."""
    levels = settings.escalate_after_s
    escalates = levels and rank(severity) >= rank(settings.escalate_from)
    escalate_at = now + levels[0] if escalates else None
    return {"told_at": now, "tell_at": None, "escalation": 0, "escalate_at": escalate_at}


def held(until: float, now: float) -> dict[str, Any]:
    """What changes of an alert that people are not told of, for a silence until then."""
    return {"tell_at": look_again(until, now), "escalation": 0, "escalate_at": None}


def look_again(until: float, now: float) -> float:
    """When to look whether a silence still holds: it may be ended before its time."""
    return min(until, now + _LOOK_AGAIN_S)


async def quiet_until(
    connection: AsyncConnection, about: HappeningRow | AlertRow, now: float
) -> float | None:
    """The end of the longest silence that covers it now; None: people may be told."""
    holding = await silences.at(connection, now)
    ends = [
        silence.ends_at
        for silence in holding
        if silence.covers(about.event, about.account, about.key)
    ]
    return max(ends, default=None)


def rank(severity: str) -> int:
    """How bad it is, as a number."""
    return _ORDER.index(severity) if severity in _ORDER else 0


def _severity(happening: HappeningRow, least: Severity) -> str:
    """The event's own, or the worse one that is said of this happening."""
    said = str(happening.data.get("severity", least))
    return said if rank(said) > rank(least) else least


def _counted(known: AlertRow, happening: HappeningRow) -> dict[str, Any]:
    return {
        "count": known.count + 1,
        "last_at": max(known.last_at, happening.created_at),
        "data": happening.data,
        "over_at": None,
    }


async def _opened(
    connection: AsyncConnection, happening: HappeningRow, severity: str, telling: dict[str, Any]
) -> Noted:
    row = AlertRow(
        id=new_id("alr"),
        event=happening.event,
        key=happening.key,
        account=happening.account,
        severity=severity,
        data=happening.data,
        first_at=happening.created_at,
        last_at=happening.created_at,
        **telling,
    )
    await alerts.insert(connection, row)
    return Noted(row.id, tell=row.told_at is not None)
