from store import job_files, jobs
from store.engine import Database
from tests.store.rows import job_row


async def test_files_are_kept_by_job_and_name(database: Database) -> None:
    async with database.write() as connection:
        await jobs.insert(connection, job_row("job_1"))
        await jobs.insert(connection, job_row("job_2"))
        files = {"图/一.png": bytes(range(256)), "b.jpg": b""}
        await job_files.put(connection, "job_1", files)
        await job_files.put(connection, "job_2", {})
        assert await job_files.get(connection, "job_1") == files
        assert await job_files.get(connection, "job_2") == {}
        await job_files.drop(connection, "job_1")
        assert await job_files.get(connection, "job_1") == {}
