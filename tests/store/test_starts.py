from store import jobs, starts
from store.engine import Database
from tests.store.rows import job_row


async def test_a_start_is_taken_back_of_those_jobs_that_have_one(database: Database) -> None:
    rows = {
        "two": job_row("two", attempts=2),
        "none": job_row("none"),
        "over": job_row("over", attempts=2, state="failed"),
        "another": job_row("another", attempts=2),
    }
    async with database.write() as connection:
        for row in rows.values():
            await jobs.insert(connection, row)
        await starts.forgive(connection, ["two", "none", "over", "gone"])
    async with database.read() as connection:
        found = [await jobs.get(connection, job_id) for job_id in rows]
    assert [row and row.attempts for row in found] == [1, 0, 2, 2]
