from typing import Any

from store import events
from store.engine import Database
from store.events import EventRow


def event_row(event_id: str = "evt_1", **values: Any) -> EventRow:
    defaults: dict[str, Any] = {
        "id": event_id,
        "account": "main",
        "dedupe_key": event_id,
        "type": "PUBLISHJOBFINISH",
        "subject": "7",
        "body": {"a": "文\x00"},
        "sealed": True,
        "received_at": 100.0,
    }
    return EventRow(**{**defaults, **values})


async def test_an_event_is_kept_once(database: Database) -> None:
    async with database.write() as connection:
        assert await events.put(connection, event_row())
        assert not await events.put(connection, event_row("evt_2", dedupe_key="evt_1"))
        assert await events.put(connection, event_row("evt_3", dedupe_key="evt_1", account="b"))
        assert await events.about(connection, "main", "PUBLISHJOBFINISH", "7") == event_row()


async def test_what_came_sealed_counts_before_what_came_first(database: Database) -> None:
    async with database.write() as connection:
        await events.put(connection, event_row("evt_1", sealed=False, received_at=1.0))
        await events.put(connection, event_row("evt_2", received_at=2.0))
        found = await events.about(connection, "main", "PUBLISHJOBFINISH", "7")
        assert await events.about(connection, "main", "PUBLISHJOBFINISH", "8") is None
    assert found is not None
    assert found.id == "evt_2"


async def test_events_are_joined_with_a_job_once(database: Database) -> None:
    kind = "PUBLISHJOBFINISH"
    async with database.write() as connection:
        for event_id, subject in (("evt_1", "7"), ("evt_2", "8"), ("evt_3", None)):
            await events.put(connection, event_row(event_id, subject=subject))
        for job_id in ("job_1", "job_2"):
            await events.join(connection, "main", kind, "7", job_id)
        found = await events.about(connection, "main", kind, "7")
        left = await events.unjoined(connection, "main", kind, since=0, limit=9)
        assert await events.unjoined(connection, "main", kind, since=101, limit=9) == []
    assert found is not None
    assert found.job_id == "job_1"
    assert [row.id for row in left] == ["evt_2", "evt_3"]


async def test_old_events_are_dropped(database: Database) -> None:
    async with database.write() as connection:
        await events.put(connection, event_row("evt_1", received_at=1.0))
        await events.put(connection, event_row("evt_2", received_at=2.0))
        assert await events.purge(connection, before=2.0) == 1
        assert await events.purge(connection, before=2.0) == 0
