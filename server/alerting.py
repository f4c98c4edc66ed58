"""What looks after alerts: the calls of each account are counted and judged, ends are told."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from accounts.audit import AuditLog
from accounts.official import Accounts
from cache.call_stats import CallStats, Labels
from core.clock import Clock
from core.ids import new_id
from handlers import alerts_operations as about
from handlers.alert_desk import AlertDesk
from handlers.alerts import AlertsHandler
from handlers.openapi import ApiRoute
from handlers.silences import SilencesHandler
from notify.alerting.alerts import CurrentSettings
from notify.alerting.call_watch import CallWatch
from notify.alerting.care import AlertCare
from notify.alerting.traffic import Traffic
from server.following import in_background
from store.engine import Database, StorageUnavailable
from store.leader import Leader

log = structlog.get_logger(__name__)

_LEASE_S = 30.0
# What the callers did wrong, and have been told: no fault of the account or of WeChat.
_CALLERS_OWN = frozenset({"params", "media", "content"})


class CountedCalls:
    """Tells the statistics of each call, and the traffic of those of an account."""

    def __init__(self, statistics: CallStats, traffic: Traffic) -> None:
        self._statistics = statistics
        self._traffic = traffic

    def record(self, labels: Labels, seconds: float, error: str = "") -> None:
        """Of a call; `error` is whose it was and its category."""
        self._statistics.record(labels, seconds, error)
        if labels.account:
            failed = bool(error) and error.partition(".")[2] not in _CALLERS_OWN
            self._traffic.count(labels.account, seconds, failed=failed)


@dataclass(frozen=True)
class Alerting:
    """The calls that are counted, and what people do about alerts."""

    traffic: Traffic
    desk: AlertDesk


@asynccontextmanager
async def open_alerting(
    settings: CurrentSettings,
    database: Database,
    accounts: Accounts,
    audit: AuditLog,
    wake: Callable[[], None],
    *,
    clock: Clock = time.time,
) -> AsyncIterator[Alerting]:
    """Alerts are looked after until the end of the block; `wake` has happenings routed."""
    leader = Leader(database, "alerts", new_id("process"), lease_s=_LEASE_S, clock=clock)

    def names() -> set[str]:
        return {account.name for account in accounts}

    async with AsyncExitStack() as stack:
        stack.push_async_callback(_resign, leader)
        for looks, name in ((AlertCare, "alerts: care"), (CallWatch, "alerts: calls")):
            care = looks(
                *(database, settings), accounts=names, leads=leader, wake=wake, clock=clock
            )
            await stack.enter_async_context(in_background(care.run(), name=name))
        traffic = await stack.enter_async_context(Traffic(database, settings, clock=clock))
        yield Alerting(traffic, AlertDesk(database, audit, wake, clock=clock))


async def _resign(leader: Leader) -> None:
    try:
        await leader.resign()
    except StorageUnavailable as exc:
        log.warning("duty not given up", duty=leader.name, reason=str(exc))


def alert_routes(desk: AlertDesk) -> list[ApiRoute]:
    """Of /v1/admin: alerts, and what is silent."""
    alerts, silences = AlertsHandler(desk), SilencesHandler(desk, clock=time.time)
    every, one = "/admin/alerts", "/admin/alerts/{alert_id}"
    quiet = "/admin/silences"
    return [
        ApiRoute("GET", every, alerts.list, about.LIST),
        ApiRoute("GET", one, alerts.get, about.GET),
        ApiRoute("POST", f"{one}/acknowledge", alerts.acknowledge, about.ACKNOWLEDGE),
        ApiRoute("POST", f"{one}/resolve", alerts.resolve, about.RESOLVE),
        ApiRoute("GET", quiet, silences.list, about.SILENCES),
        ApiRoute("POST", quiet, silences.create, about.SILENCE),
        ApiRoute("DELETE", f"{quiet}/{{silence_id}}", silences.end, about.END_SILENCE),
    ]
