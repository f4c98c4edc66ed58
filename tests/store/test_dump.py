import pytest
from sqlalchemy import insert

from store.dump import Loader, dump
from store.engine import Database
from store.tables import duty, file, source


async def test_rows_come_as_json_values_parents_first(database: Database) -> None:
    async with database.write() as connection:
        values = {"client_id": "blog", "sha256": "s", "size": 1, "data": b"\xff", "used_at": 0.5}
        await connection.execute(insert(file).values(**values))
        fleeting = {"name": "n", "owner": "o", "epoch": 1, "until": 0.0, "position": 0}
        await connection.execute(insert(duty).values(**fleeting))
    async with database.read() as connection:
        assert [rows async for rows in dump(connection)] == [("file", [{**values, "data": "/w=="}])]


async def test_a_loader_knows_what_is_there_and_puts_the_rest(database: Database) -> None:
    row = {"account": "main", "client_id": "blog", "source_id": "a", "media_id": "m"}
    async with database.write() as connection:
        loader = Loader(connection)
        assert await loader.occupied() == []
        await loader.put("source", [{**row, "job_id": "j", "updated_at": 1.0}])
        assert (await loader.occupied(), loader.counts["source"]) == (["source"], 1)
        assert (await connection.execute(source.select())).one().media_id == "m"
        with pytest.raises(KeyError):
            await loader.put("nope", [{}])
