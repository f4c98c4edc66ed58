from sqlalchemy import text

from store.engine import Database


async def test_a_client_takes_its_keys_along(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO client VALUES ('blog', '{}', false, 1, 0, 0)"))
        await connection.execute(
            text("INSERT INTO client_key VALUES ('d', 'blog', 'h', NULL, 0, NULL)")
        )
        await connection.execute(text("DELETE FROM client"))
        assert await connection.scalar(text("SELECT count(*) FROM client_key")) == 0
