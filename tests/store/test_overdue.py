from store import jobs, overdue
from store.engine import Database
from tests.store.rows import job_row


async def test_what_two_processes_look_at_is_looked_after_once(database: Database) -> None:
    async with database.write() as connection:
        for n in range(4):
            row = job_row(f"job_{n}", state="scheduled", run_at=n, due_at=n, account=f"a{n % 2}")
            await jobs.insert(connection, row)
    async with database.write() as connection:
        taken = await overdue.take(connection, 3, now=100)
        assert [row.id for row in taken] == ["job_0", "job_1", "job_2"]
        if not database.is_sqlite:  # where a writer is never alone
            async with database.write() as other:
                assert await overdue.take(other, 3, now=100) == []
        await overdue.postpone(connection, {"job_0": 200.0}, 100)
    async with database.write() as connection:
        taken = await overdue.take(connection, 3, now=100)
        assert [(row.id, row.run_at) for row in taken] == [
            *(("job_0", 200.0), ("job_1", 1.0), ("job_2", 2.0)),
        ]
