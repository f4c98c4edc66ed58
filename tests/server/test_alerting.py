import asyncio
import time
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from accounts.audit import AuditLog
from accounts.official import Accounts
from cache.call_stats import CallStats, Labels
from notify.alert_settings import AlertSettings
from notify.call_watch import CallWatch
from notify.traffic import Traffic
from server.alerting import Alerting, CountedCalls, open_alerting
from store import happenings, traffic
from store.engine import Database, DatabaseSettings, open_database
from tests.notify.alerting import Always, Desk


def _open(database: Database) -> AbstractAsyncContextManager[Alerting]:
    audit = AuditLog(database, bytes(32), clock=time.time)
    return open_alerting(AlertSettings, database, Accounts(()), audit, lambda: None)


@pytest.mark.parametrize(
    ("account", "error", "counted"),
    [
        ("main", "", (1, 0)),
        ("main", "wechat.system", (1, 1)),
        ("main", "wxgate.gateway", (1, 1)),
        ("main", "wechat.quota", (1, 1)),
        ("main", "wechat.params", (1, 0)),  # whoever called it so has been told
        ("main", "wechat.content", (1, 0)),
        ("", "wxgate.auth", None),
    ],
)
async def test_calls_of_accounts_count_and_their_failures(
    database: Database, account: str, error: str, counted: tuple[int, int] | None
) -> None:
    statistics, seen = CallStats(), Traffic(database, AlertSettings, clock=time.time)
    CountedCalls(statistics, seen).record(Labels("/x", "blog", account), 0.1, error)
    assert [row["calls"] for row in statistics.describe()] == [1]
    await seen.write()
    async with database.read() as connection:
        found = await traffic.since(connection, 0)
    assert [(row.calls, row.errors) for row in found] == ([] if counted is None else [counted])


async def _noticed(desk: Desk, key: str) -> None:
    """Something began and ended long enough ago to be over."""
    desk.now = time.time() - 1_000
    await desk.happens(key=key)
    await desk.ends(key=key)


async def test_of_several_processes_the_next_leads_when_the_first_has_gone(
    database: Database,
) -> None:
    desk = Desk(database)
    for key in ("first", "second"):
        await _noticed(desk, key)
        async with _open(database), asyncio.timeout(20):
            while (await desk.alert()).state == "open":
                await asyncio.sleep(0.05)


async def test_calls_that_fail_raise_an_alert(open_stand: Any) -> None:
    async with open_stand() as stand:
        here = {"X-Wxgate-Account": "main"}
        for _ in range(20):
            await stand.http.get("/cgi-bin/getcallbackip", headers=here)
        for _ in range(10):
            # 48001: the account has no right to it, which is no fault of the caller.
            await stand.http.post(
                "/cgi-bin/freepublish/batchget",
                headers={"X-Wxgate-Account": "personal"},
                json={"offset": 0, "count": 1, "no_content": 1},
            )
    async with open_database(DatabaseSettings(), stand.data_dir) as database:
        async with database.read() as connection:
            rows = {row.account: row for row in await traffic.since(connection, 0)}
        assert (rows["main"].calls, rows["main"].errors) == (20, 0)
        assert (rows["personal"].calls, rows["personal"].errors) == (10, 10)
        assert rows["main"].took_ms > 0
        watch = CallWatch(
            *(database, lambda: AlertSettings(min_calls=10)),
            accounts=lambda: {"main", "personal"},
            leads=Always(),
            wake=lambda: None,
            clock=time.time,
        )
        await watch.look(time.time())
        async with database.write() as connection:
            found = await happenings.take(connection, limit=99)
        (said,) = [row for row in found if row.event.startswith("calls.")]
        assert (said.event, said.account) == ("calls.error_rate", "personal")
        assert said.data["percent"] == 100
