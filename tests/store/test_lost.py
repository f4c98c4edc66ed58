from store import jobs, lost
from store.engine import Database
from tests.store.rows import job_row


async def test_who_holds_a_forsaken_job_writes_no_more(database: Database) -> None:
    async with database.write() as connection:
        await jobs.insert(connection, job_row(lease_owner="me", lease_until=900, epoch=4))
        await jobs.insert(connection, job_row("job_2", kind="batch"))
        assert await lost.forsake(connection, 100, {"state": "needs_review"}) == [("job_1", None)]
        row = await jobs.get(connection, "job_1")
        assert row is not None
        assert (row.epoch, row.lease_owner, row.state) == (5, None, "needs_review")
        assert not await jobs.move(connection, "job_1", 4, {"state": "succeeded"})
