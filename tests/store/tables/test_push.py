import pytest
from sqlalchemy import text

from store.engine import Database

_EVENT = "INSERT INTO event VALUES (:id, :account, 'k', 'text', NULL, '{}', :sealed, NULL, 0)"


async def test_an_event_is_kept_once_an_account(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text(_EVENT), {"id": "1", "account": "main", "sealed": True})
        await connection.execute(text(_EVENT), {"id": "2", "account": "second", "sealed": False})
    with pytest.raises(Exception, match=r"(?i)unique"):
        async with database.write() as connection:
            await connection.execute(text(_EVENT), {"id": "3", "account": "main", "sealed": True})


async def test_a_webhook_takes_its_deliveries_along(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(
            text("INSERT INTO webhook VALUES ('w', 'blog', '', '', '[]', '[]', 'active', 1, 0, 0)")
        )
        await connection.execute(
            text(
                "INSERT INTO delivery VALUES ('d', 'w', 't', '{}', 'pending', 0, 0, NULL, 0, NULL)"
            )
        )
        await connection.execute(text("DELETE FROM webhook"))
        assert await connection.scalar(text("SELECT count(*) FROM delivery")) == 0
