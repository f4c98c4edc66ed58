import asyncio

from sqlalchemy import insert

from store import locks
from store.engine import Database
from store.job_lists import JobFilter, page
from store.tables import job
from tests.store.rows import job_row


async def test_of_two_who_look_and_then_write_the_second_sees_what_the_first_wrote(
    database: Database,
) -> None:
    seen: list[int] = []

    async def look_and_write(name: str) -> None:
        async with database.write() as connection:
            await locks.serialize(connection, "the same thing")
            seen.append(len(await page(connection, JobFilter(), before=None, limit=9)))
            await asyncio.sleep(0.05)
            row = job_row(name)
            values = {each: getattr(row, each) for each in row.__dataclass_fields__}
            await connection.execute(insert(job).values(values))

    await asyncio.gather(*(look_and_write(f"job_{number}") for number in range(3)))
    assert seen == [0, 1, 2]
