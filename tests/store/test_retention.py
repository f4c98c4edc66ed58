from store import idempotency, intents, jobs, retention, tags
from store.engine import Database
from store.idempotency import UsedKey
from store.jobs import JobRow
from tests.store.rows import intent_row, job_row


async def _add(database: Database, *rows: JobRow) -> None:
    async with database.write() as connection:
        for row in rows:
            await jobs.insert(connection, row)


async def _purge(database: Database, limit: int = 99) -> list[int]:
    """How many went in each round, to the last."""
    gone = [1]
    while gone[-1]:
        async with database.write() as connection:
            gone.append(await retention.purge_jobs(connection, ended_before=500, limit=limit))
    return gone[1:]


async def _left(database: Database, *ids: str) -> list[str]:
    async with database.read() as connection:
        return [job_id for job_id in ids if await jobs.head(connection, job_id) is not None]


async def test_what_ended_long_ago_goes_with_all_that_hangs_on_it(database: Database) -> None:
    await _add(database, job_row("job_1", state="succeeded"))
    async with database.write() as connection:
        await intents.insert(connection, intent_row("job_1", outcome="answered"))
        await tags.add(connection, "main", "job", "job_1", ["a"])
        used = UsedKey(
            client_id="blog", route="r", key="k", body_hash="h", job_id="job_1", created_at=1
        )
        assert await idempotency.take(connection, used)
    assert await _purge(database) == [1, 0]
    async with database.read() as connection:
        assert await intents.of_job(connection, "job_1", "draft") == []
        assert await tags.of(connection, "main", "job", "job_1") == ()
        assert await idempotency.find(connection, "blog", "r", "k") is None


async def test_what_is_not_settled_stays(database: Database) -> None:
    await _add(
        database,
        job_row("job_1"),
        job_row("job_2", state="needs_review"),
        job_row("job_3", state="failed", updated_at=600),
        job_row("job_4", state="failed"),
        job_row("job_5", state="cancelled"),
    )
    async with database.write() as connection:
        await intents.insert(connection, intent_row("job_4"))  # nobody knows what came of it
    await _purge(database)
    every = [f"job_{n}" for n in range(1, 6)]
    assert await _left(database, *every) == ["job_1", "job_2", "job_3", "job_4"]


async def test_a_batch_goes_after_its_items_and_not_before_they_are_settled(
    database: Database,
) -> None:
    ended = {"state": "succeeded"}
    await _add(database, job_row("job_1", kind="batch", **ended))
    await _add(database, *(job_row(f"job_1{n}", parent_id="job_1", **ended) for n in range(5)))
    await _add(database, job_row("job_2", kind="batch", **ended))
    await _add(database, job_row("job_21", parent_id="job_2", state="needs_review"))
    assert await _purge(database, limit=3) == [3, 2, 1, 0]
    assert await _left(database, "job_1", "job_10", "job_2", "job_21") == ["job_2", "job_21"]
