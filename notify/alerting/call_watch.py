from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Never

from core.clock import Clock
from notify.alerting.alerts import BY_ITSELF, CurrentSettings
from notify.alerting.care import Leads
from notify.alerting.unusual import DAY_S, DAYS, HOUR_S, judge, spans
from notify.events import EventName
from notify.happening import Happening, row_of
from store import alerts, happenings, traffic
from store.alerts import RESOLVED, AlertRow
from store.engine import Database
from store.for_ever import for_ever
from store.traffic import STEP_S, TrafficRow

_EVERY_S = 60.0
_LATE_S = 30.0  # then every process has told the store what it counted
_GOES_ON_S = 300.0  # how often an alert hears that it is not over
_OVER_AT = 0.5  # of the share that makes an alert
_KEPT_S = (DAYS + 2) * DAY_S
_MOST_PURGED = 10_000
_JUDGED: tuple[EventName, ...] = ("calls.error_rate", "calls.latency", "calls.anomaly")


@dataclass(frozen=True, slots=True)
class _Found:
    """What is to be said of an account's calls; neither bad nor over: nothing."""

    event: EventName
    account: str
    bad: bool
    over: bool
    data: dict[str, Any] = field(default_factory=dict)


class CallWatch:
    """Looks at the calls of each account: whether many fail, many are slow, or they are unusual.

    What begins is told at a threshold and ends at half of it. Two processes that look at once
    would say the same, and it would be one alert; with `leads` one alone looks.
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
        self._began_at = clock()
        self._judged_until = 0
        self._tidied_at = float("-inf")

    async def run(self) -> Never:
        """Look every minute."""
        failed = "calls not looked at"
        await for_ever(self._look_in_turn, every_s=_EVERY_S, first_s=_EVERY_S, failed=failed)

    async def _look_in_turn(self) -> None:
        if await self._leads.term() is None:
            return
        now = self._clock()
        await self.look(now)
        if abs(now - self._tidied_at) >= HOUR_S:
            await self.tidy(now)
            self._tidied_at = now

    async def look(self, now: float) -> None:
        """Judge what was counted until now. Raises StorageUnavailable."""
        found = [*await self._shares(now), *await self._unusual(now)]
        async with self._database.read() as connection:
            known = await alerts.recent(connection, _JUDGED, resolved_after=now - HOUR_S)
        by_subject = {(row.event, row.key): row for row in known}
        rows = [
            row_of(
                Happening(
                    event=each.event,
                    account=each.account,
                    key=each.account,
                    data=each.data,
                    over=not each.bad,
                ),
                now,
            )
            for each in found
            if self._is_news(each, by_subject.get((each.event, each.account)), now)
        ]
        if rows:
            async with self._database.write() as connection:
                await happenings.insert(connection, rows)
            self._wake()

    def _is_news(self, found: _Found, known: AlertRow | None, now: float) -> bool:
        if known is None or (known.state == RESOLVED and known.resolved_by == BY_ITSELF):
            return found.bad
        if known.state == RESOLVED:
            # Whoever resolved it knows of what the window still shows.
            window_s = HOUR_S if found.event == "calls.anomaly" else self._settings().window_s
            return found.bad and now - (known.resolved_at or 0) >= window_s
        if found.bad:
            return known.over_at is not None or now - known.last_at >= _GOES_ON_S
        return found.over and known.over_at is None

    async def _shares(self, now: float) -> list[_Found]:
        settings = self._settings()
        async with self._database.read() as connection:
            rows = await traffic.since(connection, now - settings.window_s)
        by_account = {row.account: row for row in rows}
        found: list[_Found] = []
        for account in self._accounts():
            row = by_account.get(account) or _nothing(account)
            data = {"calls": row.calls, "minutes": settings.window_s // 60}
            failed = {**data, "errors": row.errors}
            late = {**data, "slow": row.slow, "mean_ms": round(row.took_ms / (row.calls or 1))}
            most = (settings.error_rate, settings.min_calls)
            found.append(_share("calls.error_rate", row, row.errors, most, failed))
            most = (settings.slow_rate, settings.min_calls)
            found.append(_share("calls.latency", row, row.slow, most, late))
        return found

    async def _unusual(self, now: float) -> list[_Found]:
        """Every five minutes: of the hour before, if there was a gateway to count its calls."""
        settings = self._settings()
        end = int(now - _LATE_S) // STEP_S * STEP_S
        if end <= self._judged_until or end - HOUR_S < self._began_at:
            return []
        async with self._database.read() as connection:
            calls = await traffic.calls_in(connection, spans(end))
            first = await traffic.first(connection)
        self._judged_until = end
        found = []
        for account in self._accounts() & first.keys():
            verdict = judge(
                *(calls.get(account, {}), end),
                first_at=first[account],
                min_days=settings.anomaly_min_days,
                min_calls=settings.anomaly_min_calls,
                score=settings.anomaly_score,
            )
            if verdict is not None:
                data = {"calls": verdict.calls, "usual": verdict.usual, "minutes": HOUR_S // 60}
                on = settings.anomaly_score > 0
                bad, over = verdict.unusual and on, verdict.over or not on
                found.append(_Found("calls.anomaly", account, bad, over, data))
        return found

    async def tidy(self, now: float) -> None:
        """Forget what is too old to be compared with. Raises StorageUnavailable."""
        async with self._database.write() as connection:
            await traffic.purge(connection, before=now - _KEPT_S, limit=_MOST_PURGED)


def _nothing(account: str) -> TrafficRow:
    return TrafficRow(account=account, at=0, calls=0, errors=0, slow=0, took_ms=0.0)


def _share(
    event: EventName, row: TrafficRow, number: int, most: tuple[float, int], data: dict[str, Any]
) -> _Found:
    """Whether `number` is too large a share of the calls; `most`: the share, and of how many."""
    share, min_calls = most
    percent = round(100 * number / (row.calls or 1))
    return _Found(
        event,
        row.account,
        bad=share > 0 and row.calls >= min_calls and number >= share * row.calls,
        # Where hardly anybody calls any more, a few failures are no less of a failure.
        over=number < share * _OVER_AT * max(row.calls, min_calls) or share == 0,
        data={**data, "percent": percent},
    )
