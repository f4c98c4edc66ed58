import pytest
from sqlalchemy import text

from store.engine import Database

_ALERT = (
    "INSERT INTO alert (id, event, key, severity, state, data, count, first_at, last_at,"
    " escalation, reopened, version) VALUES"
    " (:id, 'disk.near', 'gate-1', 'warning', :state, '{}', 1, 0, 0, 0, 0, 1)"
)


async def test_one_thing_has_one_alert_until_it_is_resolved(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text(_ALERT), {"id": "1", "state": "resolved"})
        await connection.execute(text(_ALERT), {"id": "2", "state": "open"})
    with pytest.raises(Exception, match=r"(?i)unique"):
        async with database.write() as connection:
            await connection.execute(text(_ALERT), {"id": "3", "state": "acknowledged"})
