import pytest
from sqlalchemy import text

from store.engine import Database

_DUTY = "INSERT INTO duty VALUES ('alerts', :owner, 1, 0, 0)"


async def test_a_duty_has_one_owner(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text(_DUTY), {"owner": "a"})
    with pytest.raises(Exception, match=r"(?i)unique"):
        async with database.write() as connection:
            await connection.execute(text(_DUTY), {"owner": "b"})
