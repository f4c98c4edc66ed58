from collections.abc import Callable

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.ids import new_id
from jobs.announce import Announce
from jobs.rights import LiveClient
from store import events, intents, jobs
from store.engine import Database
from store.events import EventRow
from wechat.pushed import MASS_SENT, PUBLISHED, Pushed

log = structlog.get_logger(__name__)

# Events that end something a job has sent, and the effect it has sent (jobs/once.py).
EFFECTS = {PUBLISHED: "submit", MASS_SENT: "mass"}
_MOST_POKED = 50


class Inbox:
    """Keeps what WeChat pushes, once, together with what follows from it.

    The job that an event is about is looked at again at once. Where the event came before the
    answer that names the job, it lies here until the job asks (jobs/polling.py).
    """

    def __init__(
        self,
        database: Database,
        announce: Announce,
        live_client: LiveClient,
        wake: Callable[[], None],
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._announce = announce
        self._live_client = live_client
        self._wake = wake
        self._clock = clock

    async def take(self, account: str, pushed: Pushed) -> bool:
        """Keep it; False if it is here already. Raises StorageUnavailable: then nothing is kept."""
        now = self._clock()
        async with self._database.write() as connection:
            job_id = await self._job_of(connection, account, pushed)
            row = EventRow(
                id=new_id("evt"),
                account=account,
                dedupe_key=pushed.key,
                type=pushed.type,
                subject=pushed.subject,
                body=dict(pushed.body),
                sealed=pushed.sealed,
                job_id=job_id,
                received_at=now,
            )
            if not await events.put(connection, row):
                return False
            await self._poke(connection, row, now)
            await self._announce.pushed(connection, row, self._live_client)
        log.info("push kept", account=account, type=row.type, subject=row.subject, job=job_id)
        self._wake()
        return True

    async def _job_of(
        self, connection: AsyncConnection, account: str, pushed: Pushed
    ) -> str | None:
        effect = EFFECTS.get(pushed.type)
        if effect is None or pushed.subject is None:
            return None
        return await intents.job_of_receipt(connection, account, effect, pushed.subject)

    async def _poke(self, connection: AsyncConnection, row: EventRow, now: float) -> None:
        effect = EFFECTS.get(row.type)
        if row.job_id is not None:
            await jobs.poke(connection, row.job_id, now)
        elif effect is not None:
            # Not known to any job: it may be about one that lost its answer and looks for it.
            doubting = await intents.jobs_in_doubt(
                connection, row.account, effect, limit=_MOST_POKED
            )
            for job_id in doubting:
                await jobs.poke(connection, job_id, now)
