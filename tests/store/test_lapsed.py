from store import alerts
from store.engine import Database
from store.lapsed import silent_since
from tests.store.test_alerts import alert_row


async def test_only_unresolved_alerts_without_news_are_found(database: Database) -> None:
    rows = [
        alert_row("alr_old", key="1", last_at=100.0),
        alert_row("alr_new", key="2", last_at=200.0),
        alert_row("alr_over", key="3", last_at=100.0, state="resolved"),
        alert_row("alr_ends", key="4", last_at=100.0, over_at=300.0),
        alert_row("alr_known", key="5", last_at=100.0, state="acknowledged"),
        alert_row("alr_other", key="6", last_at=100.0, event="backup.failed"),
    ]
    async with database.write() as connection:
        for row in rows:
            await alerts.insert(connection, row)
    async with database.read() as connection:
        found = await silent_since(connection, ["breaker.open"], 200.0)
    assert sorted(row.id for row in found) == ["alr_known", "alr_old"]
