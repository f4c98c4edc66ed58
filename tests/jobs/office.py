from typing import Any

from content.fields import DraftFields
from jobs.changes import Changes
from jobs.service import Jobs
from jobs.settings import JobsSettings
from jobs.submission import Submission
from store import intents, jobs
from store.engine import Database
from store.jobs import JobRow
from tests.jobs.journals import journal_of
from tests.store.rows import intent_row, job_row


class Office:
    """The service, with nobody at work behind it."""

    def __init__(self, database: Database, **settings: Any) -> None:
        self.database = database
        self.changes = Changes()
        self.now = 1_000.0
        self.woken = 0
        self.jobs = Jobs(
            *(database, JobsSettings(**settings), self.changes, self._wake, journal_of(database)),
            clock=lambda: self.now,
        )

    def _wake(self) -> None:
        self.woken += 1

    async def put(self, **values: Any) -> JobRow:
        row = job_row(**{"action": "publish", "payload": {"files": 0}, **values})
        async with self.database.write() as connection:
            await jobs.insert(connection, row)
        return row

    async def intent(self, **values: Any) -> None:
        async with self.database.write() as connection:
            await intents.insert(connection, intent_row(**values))


def article(text: str = "正文", **values: Any) -> Submission:
    defaults: dict[str, Any] = {"client_id": "blog", "account": "main"}
    return Submission(fields=DraftFields(markdown=text), **{**defaults, **values})
