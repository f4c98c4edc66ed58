from typing import Any

from jobs.catch_up import OVERDUE_S, spread
from store import jobs
from store.engine import Database
from store.jobs import JobRow
from tests.store.rows import job_row

NOW = 10_000.0


async def put(database: Database, *rows: JobRow) -> None:
    async with database.write() as connection:
        for row in rows:
            await jobs.insert(connection, row)


def due(job_id: str, at: float, **values: Any) -> JobRow:
    return job_row(job_id, **{"state": "scheduled", "run_at": at, "due_at": at, **values})


async def times(database: Database, *ids: str) -> list[float]:
    async with database.read() as connection:
        found = [await jobs.head(connection, job_id) for job_id in ids]
    return [row.run_at for row in found if row is not None]


async def go(database: Database, now: float = NOW, per_minute: float = 30) -> int:
    async with database.write() as connection:
        return await spread(connection, now, per_minute=per_minute)


async def test_what_was_due_first_begins_first_and_each_account_has_its_pace(
    database: Database,
) -> None:
    await put(
        database,
        *(due("job_c", 300), due("job_a", 100), due("job_b", 200)),
        *(due("job_x", 150, account="other"), due("job_y", 250, account="other")),
    )
    assert await go(database) == 5
    assert await times(database, "job_a", "job_b", "job_c") == [NOW, NOW + 2, NOW + 4]
    assert await times(database, "job_x", "job_y") == [NOW, NOW + 2]
    assert await go(database) == 0


async def test_only_what_waited_for_its_time_and_missed_it_is_moved(database: Database) -> None:
    await put(
        database,
        *(due("job_1", NOW - OVERDUE_S + 1), due("job_2", NOW + 9), due("job_3", 1, held=True)),
        *(due("job_4", 1, state="waiting"), due("job_5", 1, state="failed")),
        due("job_6", 1, skip_after=NOW - 1),  # is not going to be done: no slot is lost on it
    )
    assert await go(database) == 0


async def test_more_that_becomes_overdue_takes_its_place_among_the_others(
    database: Database,
) -> None:
    await put(database, due("job_1", 100), due("job_2", 101))
    await go(database)
    async with database.write() as connection:
        first = await jobs.lock(connection, "job_1")
        assert first is not None
        await jobs.replace(connection, first, {"state": "succeeded"})
    await put(database, due("job_3", 50))
    await go(database, NOW + 1)
    assert await times(database, "job_3", "job_2") == [NOW + 2, NOW + 4]


async def test_who_cannot_keep_the_pace_keeps_the_order(database: Database) -> None:
    await put(database, *(due(f"job_{n}", 100 + n) for n in range(4)))
    await go(database)
    await go(database, NOW + OVERDUE_S + 3)  # none was begun: two are overdue again
    ids = [f"job_{n}" for n in range(4)]
    found = await times(database, *ids)
    assert found == sorted(found)
    assert found[0] == NOW + OVERDUE_S + 3


async def test_when_it_was_due_stays_known(database: Database) -> None:
    await put(database, due("job_1", 100), due("job_2", 101, due_at=None))
    await go(database)
    async with database.read() as connection:
        rows = [await jobs.head(connection, job_id) for job_id in ("job_1", "job_2")]
    assert [row and row.due_at for row in rows] == [100, 101]
