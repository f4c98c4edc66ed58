import pytest
from sqlalchemy import text

from store import jobs
from store.engine import Database
from tests.store.rows import job_row


async def test_a_schedule_makes_one_job_for_a_time(database: Database) -> None:
    async with database.write() as connection:
        await jobs.insert(connection, job_row("job_1", schedule_id="s", schedule_at=1.0))
        await jobs.insert(connection, job_row("job_2", schedule_id="s", schedule_at=2.0))
    with pytest.raises(Exception, match=r"(?i)unique"):
        async with database.write() as connection:
            await jobs.insert(connection, job_row("job_3", schedule_id="s", schedule_at=1.0))


async def test_a_template_takes_its_versions_along(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO template VALUES ('t', 'article', 1, 0, 0)"))
        await connection.execute(
            text("INSERT INTO template_version VALUES ('t', 1, '', '{}', '', '[]', '', 'cli', 0)")
        )
        await connection.execute(text("DELETE FROM template"))
        assert await connection.scalar(text("SELECT count(*) FROM template_version")) == 0
