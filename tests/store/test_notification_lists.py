from typing import Any

import pytest

from store import notification_lists, notifications
from store.engine import Database
from store.notification_lists import NotificationFilter
from tests.store.test_notifications import notification_row

ROWS: tuple[dict[str, Any], ...] = (
    {"client_id": "blog", "state": "sent", "severity": "info", "created_at": 100.0},
    {"client_id": "blog", "state": "dead", "channel": "robot", "created_at": 200.0},
    {"event": "job.failed", "severity": "error", "account": "main", "created_at": 300.0},
    {"event": "disk.full", "severity": "critical", "alert_id": "a", "digest_id": "d"},
)


@pytest.fixture
async def store(database: Database) -> Database:
    async with database.write() as connection:
        for number, values in enumerate(ROWS):
            await notifications.insert(connection, notification_row(f"n{number}", **values))
    return database


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "3210"),
        ({"client_id": "blog"}, "10"),
        ({"states": ["dead", "sent"]}, "10"),
        ({"channels": ["robot"]}, "1"),
        ({"events": ["job.failed", "disk.full"]}, "32"),
        ({"severities": ["critical"]}, "3"),
        ({"account": "main"}, "2"),
        ({"alert_id": "a"}, "3"),
        ({"digest_id": "d"}, "3"),
        ({"ids": ["n0", "n9"]}, "0"),
        ({"ids": []}, ""),
        ({"created": (200.0, 300.0)}, "1"),
        ({"created": (None, 200.0)}, "30"),
    ],
)
async def test_what_is_wanted(store: Database, wanted: dict[str, Any], found: str) -> None:
    async with store.read() as connection:
        wanted_ = NotificationFilter(**wanted)
        rows = await notification_lists.page(connection, wanted_, before=None, limit=9)
        summary = await notification_lists.summary(connection, wanted_)
    assert [row.id for row in rows] == [f"n{number}" for number in found]
    assert sum(summary.values()) == len(found)


async def test_page_by_page(store: Database) -> None:
    async with store.read() as connection:
        wanted = NotificationFilter()
        rows = await notification_lists.page(connection, wanted, before="n3", limit=2)
    assert [row.id for row in rows] == ["n2", "n1"]
