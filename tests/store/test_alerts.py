import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from store import alerts
from store.alerts import AlertFilter, AlertRow
from store.engine import Database


def alert_row(alert_id: str = "alr_1", **values: Any) -> AlertRow:
    defaults: dict[str, Any] = {
        "id": alert_id,
        "event": "breaker.open",
        "key": "main",
        "account": "main",
        "severity": "error",
        "data": {"host": "标题\x00"},
        "first_at": 100.0,
        "last_at": 100.0,
    }
    return AlertRow(**{**defaults, **values})


async def put(database: Database, *rows: AlertRow) -> None:
    async with database.write() as connection:
        for row in rows:
            await alerts.insert(connection, row)


async def test_one_thing_has_one_unresolved_alert(database: Database) -> None:
    await put(database, alert_row(), alert_row("alr_2", key="other"))
    with pytest.raises(IntegrityError):
        await put(database, alert_row("alr_3"))
    async with database.write() as connection:
        await alerts.change(connection, "alr_1", state="resolved", resolved_at=150.0)
    await put(database, alert_row("alr_3"))


async def test_the_unresolved_one_ranks_before_those_that_ended_later(database: Database) -> None:
    await put(
        database,
        alert_row("alr_3", state="resolved", last_at=300.0),
        alert_row("alr_2", state="resolved", last_at=200.0),
    )
    async with database.write() as connection:
        found = await alerts.latest(connection, "breaker.open", "main")
        assert (found and found.id) == "alr_3"
        await alerts.insert(connection, alert_row("alr_1"))
        found = await alerts.latest(connection, "breaker.open", "main")
        assert (found and found.id) == "alr_1"
        assert await alerts.latest(connection, "breaker.open", "") is None


async def test_what_is_due_is_unresolved_and_has_a_time_that_came(database: Database) -> None:
    await put(
        database,
        alert_row("alr_1", key="1", over_at=100.0),
        alert_row("alr_2", key="2", tell_at=101.0),
        alert_row("alr_3", key="3", state="acknowledged", escalate_at=99.0),
        alert_row("alr_4", key="4", state="resolved", over_at=1.0),
        alert_row("alr_5", key="5"),
    )
    async with database.read() as connection:
        assert await alerts.due(connection, 100.0, limit=9) == ["alr_1", "alr_3"]
        assert await alerts.due(connection, 101.0, limit=2) == ["alr_1", "alr_2"]


async def test_each_change_makes_a_version(database: Database) -> None:
    await put(database, alert_row())
    async with database.write() as connection:
        await alerts.change(connection, "alr_1", count=2)
        found = await alerts.get(connection, "alr_1", lock=True)
        assert found is not None
        assert (found.version, found.count, found.data) == (2, 2, {"host": "标题\x00"})
        assert await alerts.get(connection, "alr_9") is None


async def test_lists_are_filtered_and_told_page_by_page(database: Database) -> None:
    await put(
        database,
        alert_row("alr_1", key="1"),
        alert_row("alr_2", key="2", state="resolved", account=None),
        alert_row("alr_3", key="3", severity="critical", event="disk.full"),
    )

    async def ids(before: str | None = None, limit: int = 9, **wanted: Any) -> list[str]:
        async with database.read() as connection:
            found = await alerts.page(connection, AlertFilter(**wanted), before=before, limit=limit)
        return [row.id for row in found]

    assert await ids() == ["alr_3", "alr_2", "alr_1"]
    assert await ids(before="alr_3", limit=1) == ["alr_2"]
    assert await ids(states=["open", "acknowledged"]) == ["alr_3", "alr_1"]
    assert await ids(events=["disk.full"]) == await ids(severities=["critical"]) == ["alr_3"]
    assert await ids(account="main") == ["alr_3", "alr_1"]


async def test_all_of_an_account_is_resolved_at_once(database: Database) -> None:
    await put(
        database,
        alert_row("alr_1", key="1", over_at=1.0, tell_at=1.0, escalate_at=1.0),
        alert_row("alr_2", key="2", account="other"),
        alert_row("alr_3", key="3", account=None),
    )
    async with database.write() as connection:
        assert await alerts.accounts(connection) == {"main", "other"}
        assert await alerts.resolve_of(connection, "main", by="system", note="n", now=5.0) == 1
        assert await alerts.accounts(connection) == {"other"}
        assert await alerts.due(connection, 9.0, limit=9) == []
        found = await alerts.get(connection, "alr_1")
        assert found is not None
        assert (found.state, found.resolved_by, found.note) == ("resolved", "system", "n")


async def test_only_what_was_resolved_long_ago_is_forgotten(database: Database) -> None:
    await put(
        database,
        alert_row("alr_1", key="1"),
        alert_row("alr_2", key="2", state="resolved", resolved_at=100.0),
        alert_row("alr_3", key="3", state="resolved", resolved_at=200.0),
    )
    async with database.write() as connection:
        assert await alerts.purge(connection, before=200.0) == 1
        left = await alerts.page(connection, AlertFilter(), before=None, limit=9)
    assert [row.id for row in left] == ["alr_3", "alr_1"]


async def test_who_has_the_latest_has_it_alone(database: Database) -> None:
    await put(database, alert_row())

    async def count_up() -> None:
        async with database.write() as connection:
            row = await alerts.latest(connection, "breaker.open", "main")
            assert row is not None
            await asyncio.sleep(0)
            await alerts.change(connection, row.id, count=row.count + 1)

    await asyncio.gather(*(count_up() for _ in range(6)))
    async with database.read() as connection:
        found = await alerts.get(connection, "alr_1")
    assert found is not None
    assert found.count == 7


async def test_recent_are_those_that_are_or_were_unresolved_a_moment_ago(
    database: Database,
) -> None:
    await put(
        database,
        alert_row("alr_1", key="1"),
        alert_row("alr_2", key="2", state="resolved", resolved_at=101.0),
        alert_row("alr_3", key="3", state="resolved", resolved_at=100.0),
        alert_row("alr_4", key="4", event="disk.full"),
    )
    async with database.read() as connection:
        found = await alerts.recent(connection, ["breaker.open"], resolved_after=100.0)
    assert [row.id for row in found] == ["alr_1", "alr_2"]
