import asyncio
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from accounts.audit import AuditLog
from accounts.official import Accounts
from cache.call_stats import CallStats, Labels
from notify.alerting.call_watch import CallWatch
from notify.alerting.settings import AlertSettings
from notify.alerting.traffic import Traffic
from notify.happening import Happening, row_of
from server.alerting import Alerting, CountedCalls, open_alerting
from server.app import open_worker
from server.settings import Settings
from store import happenings, traffic
from store.engine import Database, DatabaseSettings, open_database
from store.migrate import migrate
from store.tables import notification
from tests.notify.alert_desk import Always, Desk

_SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"


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


async def _told(database: Database, number: int) -> list[tuple[str, str, bool]]:
    """What people are told once it is so much: event, alert, whether it is over."""
    async with asyncio.timeout(90):
        while True:
            async with database.read() as connection:
                found = (await connection.execute(notification.select())).all()
            # There are also those of the channel itself, and of one worker for the other.
            rows = [row for row in found if row.content["data"]["key"] == "main"]
            if len(rows) >= number:
                rows = sorted(rows, key=lambda row: row.id)
                return [(row.event, row.alert_id, row.content["data"]["over"]) for row in rows]
            await asyncio.sleep(0.1)


async def test_several_processes_tell_a_begin_an_escalation_and_an_end_once(
    tmp_path: Path, postgres_url: str
) -> None:
    settings = Settings(
        server={"data_dir": str(tmp_path / "1"), "probe_accounts": False},
        database={"url": postgres_url},
        notify={
            "sweep_s": 0.05,
            "routes": [{"channels": ["ops"]}],
        },
        alerts={"calm_s": 0, "escalate_after_s": [0.1]},
        channels=[
            # Nobody is there, and the guard would refuse the address.
            {"name": "ops", "type": "webhook", "url": "http://127.0.0.1:9/x", "secret": _SECRET}
        ],
    )

    async def happens(*, over: bool = False) -> None:
        about = Happening(event="breaker.open", account="main", key="main", over=over)
        async with database.write() as connection:
            await happenings.insert(connection, [row_of(about, time.time())])

    async with open_database(settings.database, tmp_path) as database:
        await migrate(database)
        async with open_worker(settings), open_worker(settings):
            for _ in range(5):
                await happens()
            begun = await _told(database, 2)
            await happens(over=True)
            told = await _told(database, 3)
    alert_id = told[0][1]
    assert begun == [("breaker.open", alert_id, False), ("alert.escalated", alert_id, False)]
    assert told == [*begun, ("breaker.open", alert_id, True)]
