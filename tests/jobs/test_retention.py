from jobs.retention import forget_old_jobs
from jobs.settings import JobsSettings
from store import jobs
from store.engine import Database
from tests.store.rows import job_row

SETTINGS = JobsSettings(keep_jobs_s=86_400, keep_keys_s=864_000)


async def test_jobs_are_kept_as_long_as_the_keys_that_name_them(database: Database) -> None:
    async with database.write() as connection:
        for number in range(3):
            await jobs.insert(connection, job_row(f"job_{number}", state="failed"))
    assert await forget_old_jobs(database, SETTINGS, now=100 + 864_000) == 0
    assert await forget_old_jobs(database, SETTINGS, now=101 + 864_000) == 3


async def test_nor_are_they_forgotten_within_the_window_of_repeats(database: Database) -> None:
    settings = SETTINGS.model_copy(update={"repeat_window_s": 1_728_000})
    async with database.write() as connection:
        await jobs.insert(connection, job_row(state="succeeded"))
    assert await forget_old_jobs(database, settings, now=100 + 1_728_000) == 0
    assert await forget_old_jobs(database, settings, now=101 + 1_728_000) == 1
