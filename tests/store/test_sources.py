from store import sources
from store.engine import Database
from tests.store.rows import job_row

ROW = job_row()


async def test_a_source_is_what_it_became_last(database: Database) -> None:
    async with database.write() as connection:
        assert await sources.draft_of(connection, ROW, "a.md") is None
        for media_id in ("M1", "M2"):
            await sources.became(connection, ROW, "a.md", media_id, now=1)
    async with database.read() as connection:
        assert await sources.draft_of(connection, ROW, "a.md") == "M2"
        assert await sources.draft_of(connection, job_row(client_id="other"), "a.md") is None
        assert await sources.draft_of(connection, job_row(account="second"), "a.md") is None


async def test_a_draft_says_what_was_written_last(database: Database) -> None:
    async with database.write() as connection:
        for said in ("a" * 64, "b" * 64):
            await sources.wrote(connection, ROW, "M", said, now=1)
    async with database.read() as connection:
        assert await sources.written(connection, "main", "M") == "b" * 64
        assert await sources.written(connection, "second", "M") is None
