from server.backup.clockwork import DUTY, EVENT
from server.backup.switched_off import SwitchedOff
from store import alerts, duties
from store.alerts import AlertRow
from store.engine import Database
from tests.store.test_alerts import alert_row

NOW = 1_795_000_000.0


async def put(database: Database, *rows: AlertRow) -> None:
    async with database.write() as connection:
        for row in rows:
            await alerts.insert(connection, row)


async def look(database: Database, now: float = NOW) -> int:
    return await SwitchedOff(database, clock=lambda: now).once()


async def test_what_failed_of_backups_is_resolved_and_says_why(database: Database) -> None:
    others = alert_row("alr_2", state="acknowledged"), alert_row("alr_3", state="resolved", key="x")
    await put(database, alert_row(event=EVENT, key="", over_at=1e12), *others)
    assert await look(database) == 1
    async with database.read() as connection:
        found = await alerts.get(connection, "alr_1")
        assert await alerts.unresolved(connection) == {("breaker.open", "main")}
    assert found is not None
    assert (found.state, found.resolved_by, found.resolved_at) == ("resolved", "system", NOW)
    assert "switched off" in (found.note or "")
    assert found.over_at is None
    assert await look(database) == 0


async def test_while_another_process_makes_them_it_is_left_open(database: Database) -> None:
    await put(database, alert_row(event=EVENT))
    async with database.write() as connection:
        await duties.acquire(connection, DUTY, "other", now=NOW, lease_s=900)
    alone = database.is_sqlite  # then whoever had it is gone
    assert await look(database, NOW + 1_400) == int(alone)
    assert await look(database, NOW + 1_501) == int(not alone)
