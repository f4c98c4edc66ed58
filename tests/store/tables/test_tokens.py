import pytest
from sqlalchemy import text

from store.engine import Database

_TOKEN = "INSERT INTO token VALUES ('wx5a4db0c0ffee0001', 1, '', 0, 9000000000001, '', 0, 0)"


async def test_an_account_has_one_newest_token(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text(_TOKEN))
    with pytest.raises(Exception, match=r"(?i)unique"):
        async with database.write() as connection:
            await connection.execute(text(_TOKEN))
