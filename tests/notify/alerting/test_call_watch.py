from typing import Any

import pytest

from notify.alerting.call_watch import CallWatch
from notify.alerting.settings import AlertSettings
from notify.alerting.unusual import DAY_S
from store import happenings, traffic
from store.engine import Database
from store.traffic import TrafficRow
from tests.notify.alert_desk import Always, Desk

NOON = 1_000 * DAY_S + 4 * 3_600.0


class Watch:
    """Looks, and has what it says noted."""

    def __init__(self, database: Database) -> None:
        self.desk = Desk(database)
        self.desk.now = NOON
        self.settings = AlertSettings(calm_s=0)
        self.watch = self.started()

    def started(self) -> CallWatch:
        return CallWatch(
            *(self.desk.database, lambda: self.settings),
            accounts=lambda: self.desk.accounts,
            leads=Always(),
            wake=lambda: None,
            clock=lambda: self.desk.now,
        )

    async def calls(
        self, calls: int, *, ago_s: float = 0, account: str = "main", **more: Any
    ) -> None:
        at = int(self.desk.now - ago_s) // 300 * 300
        counted = {"errors": 0, "slow": 0, "took_ms": 0.0, **more}
        async with self.desk.database.write() as connection:
            row = TrafficRow(account=account, at=at, calls=calls, **counted)
            await traffic.add(connection, [row])

    async def looks(self, *, after: float = 0) -> list[tuple[str, bool, dict[str, Any]]]:
        """What it says then: event, over, data."""
        self.desk.now += after
        await self.watch.look(self.desk.now)
        async with self.desk.database.write() as connection:
            rows = await happenings.take(connection, limit=99)
            await happenings.routed(connection, [row.id for row in rows], self.desk.now)
            for row in rows:
                await self.desk.alerts.note(connection, row, self.desk.now)
        return [(row.event, row.over, row.data) for row in rows]


@pytest.fixture
def watch(database: Database) -> Watch:
    return Watch(database)


async def test_many_failures_are_told_until_few_are_left(watch: Watch) -> None:
    await watch.calls(100, errors=25)
    (said,) = await watch.looks()
    data = {"calls": 100, "errors": 25, "percent": 25, "minutes": 10}
    assert said == ("calls.error_rate", False, data)
    assert await watch.looks(after=60) == []
    await watch.calls(60)  # 16 %: between the thresholds
    assert await watch.looks() == []
    await watch.calls(100)
    ((event, over, _),) = await watch.looks()
    assert (event, over) == ("calls.error_rate", True)
    assert await watch.looks(after=60) == []


async def test_what_goes_on_is_said_now_and_then(watch: Watch) -> None:
    await watch.calls(100, errors=25)
    said = []
    for minute in range(10):
        said += await watch.looks(after=60)
        await watch.calls(10, errors=10)
        assert minute == 0 or (await watch.desk.alert()).state == "open"
    assert len(said) == 2


async def test_slow_calls_are_told(watch: Watch) -> None:
    await watch.calls(20, slow=4, took_ms=50_000.0)
    ((event, over, data),) = await watch.looks()
    assert (event, over) == ("calls.latency", False)
    assert (data["slow"], data["percent"], data["mean_ms"]) == (4, 20, 2_500)


async def test_a_few_calls_are_not_judged(watch: Watch) -> None:
    await watch.calls(19, errors=19, slow=19)
    assert await watch.looks() == []


async def test_what_nobody_calls_any_more_does_not_fail_either(watch: Watch) -> None:
    await watch.calls(100, errors=100)
    assert len(await watch.looks()) == 1
    await watch.calls(5, errors=5, ago_s=-700)
    assert await watch.looks(after=700) == []
    assert (await watch.desk.alert()).over_at is None  # five of five fail
    ((_, over, data),) = await watch.looks(after=1_000)
    assert (over, data["calls"]) == (True, 0)


async def test_thresholds_that_were_taken_away_end_their_alerts(watch: Watch) -> None:
    await watch.calls(100, errors=100, slow=100)
    assert len(await watch.looks()) == 2
    watch.settings = AlertSettings(error_rate=0, slow_rate=0)
    assert [over for _, over, _ in await watch.looks()] == [True, True]
    assert await watch.looks() == []


async def test_whoever_resolves_it_is_not_told_again_of_the_same_calls(watch: Watch) -> None:
    await watch.calls(100, errors=100)
    assert len(await watch.looks()) == 1
    resolved = {"resolved_by": "client:ops", "resolved_at": watch.desk.now}
    await watch.desk.change(state="resolved", **resolved)
    assert await watch.looks(after=60) == []
    await watch.calls(100, errors=100, ago_s=-540)
    assert len(await watch.looks(after=540)) == 1


async def test_accounts_that_are_not_ours_any_more_are_left_alone(watch: Watch) -> None:
    await watch.calls(100, errors=100, account="gone")
    assert await watch.looks() == []


async def _history(watch: Watch, calls: int, days: int) -> None:
    for day in range(1, days + 1):
        await watch.calls(calls, ago_s=day * DAY_S + 1_800)


async def test_unusual_traffic_is_told_until_it_is_usual(watch: Watch) -> None:
    await _history(watch, 100, 10)
    watch.watch = watch.started()
    watch.desk.now += 3_700
    await watch.calls(900, ago_s=1_800)
    watch.desk.now += 400
    for day in range(1, 11):
        await watch.calls(100, ago_s=day * DAY_S + 1_800)
    (said,) = await watch.looks()
    assert said[:2] == ("calls.anomaly", False)
    assert said[2]["calls"] == 900
    assert await watch.looks(after=60) == []  # the same five minutes
    ((event, over, _),) = await watch.looks(after=3_600)
    assert (event, over) == ("calls.anomaly", True)


async def test_a_gateway_that_was_not_there_has_counted_nothing(watch: Watch) -> None:
    await _history(watch, 100, 10)
    assert await watch.looks() == []
    watch.desk.now += 1_800
    assert await watch.looks() == []


async def test_of_a_new_account_nothing_is_unusual(watch: Watch) -> None:
    await _history(watch, 100, 5)
    watch.desk.now += 4_000
    await watch.calls(900, ago_s=600)
    assert await watch.looks() == []


async def test_what_is_too_old_is_forgotten(watch: Watch) -> None:
    await watch.calls(1, ago_s=31 * DAY_S)
    await watch.calls(1, ago_s=29 * DAY_S)
    await watch.watch.tidy(watch.desk.now)
    async with watch.desk.database.read() as connection:
        (row,) = await traffic.since(connection, 0)
    assert row.calls == 1
