from collections.abc import Collection, Iterable

from core.clock import Clock
from jobs.service import JobUnknown
from store import job_lists, publishing_results, tags
from store import jobs as job_rows
from store.engine import Database
from store.job_lists import JobFilter
from store.jobs import JobHead
from store.publishing_results import Counted

Tags = dict[str, tuple[str, ...]]  # by the job's id


class JobLists:
    """Shows many jobs, and files them under tags.

    As in jobs/service.py, `client_id` None sees those of all clients.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def page(
        self, wanted: JobFilter, *, before: str | None, limit: int
    ) -> tuple[list[JobHead], str | None]:
        """Jobs, newest first, and the cursor (`before`) of the next page, if there is one."""
        async with self._database.read() as connection:
            rows = await job_lists.page(connection, wanted, before=before, limit=limit + 1)
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    async def named(self, said: str, accounts: Collection[str]) -> set[str]:
        """The jobs that `said` is the id of, or of what they made for these accounts."""
        async with self._database.read() as connection:
            return await job_lists.named(connection, said, accounts)

    async def summary(self, wanted: JobFilter) -> dict[str, int]:
        """How many jobs are in each state; states without any are not there."""
        async with self._database.read() as connection:
            return await job_lists.count_by_state(connection, wanted)

    async def results(self, accounts: Collection[str], *, since: float) -> list[Counted]:
        """What became of the articles and drafts that were handed in from then on."""
        async with self._database.read() as connection:
            return await publishing_results.count(connection, accounts, since=since)

    async def tags(self, rows: Iterable[JobHead]) -> Tags:
        """The tags of these jobs."""
        things = [(row.account, row.id) for row in rows]
        async with self._database.read() as connection:
            found = await tags.of_each(connection, "job", things)
        return {job_id: names for (_, job_id), names in found.items()}

    async def file_under(
        self, job_id: str, client_id: str | None, names: Collection[str]
    ) -> JobHead:
        """Give a job these tags and no others. Raises JobUnknown, TooManyTags."""
        async with self._database.write() as connection:
            row = await job_rows.head(connection, job_id)
            if row is None or client_id not in (None, row.client_id):
                raise JobUnknown(job_id=job_id[:64])
            await tags.replace(connection, row.account, "job", job_id, names)
        return row
