from sqlalchemy import text

from store.engine import Database

_TAG = "INSERT INTO tag VALUES ('main', 'material', 'm', :name) ON CONFLICT DO NOTHING"


async def test_a_thing_has_a_tag_once(database: Database) -> None:
    async with database.write() as connection:
        for name in ("封面", "封面", "2026"):
            await connection.execute(text(_TAG), {"name": name})
        assert await connection.scalar(text("SELECT count(*) FROM tag")) == 2
