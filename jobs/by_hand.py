from typing import Any, Never

import structlog

from core.clock import Clock
from core.errors import GatewayError
from jobs.announce import Announce
from jobs.changes import Changes
from jobs.polling import urls_of
from jobs.states import State
from store import events, ready_drafts
from store import jobs as job_rows
from store.engine import Database
from store.events import EventRow
from store.for_ever import for_ever
from store.jobs import JobHead
from wechat.call import WeChatRefused
from wechat.draft import DraftClient
from wechat.errcodes import INVALID_MEDIA_ID
from wechat.freepublish import Publication, PublishStatus
from wechat.pushed import PUBLISHED, publication_of

log = structlog.get_logger(__name__)

_EVENTS_FOR_S = 86_400  # so long after it came, an event is worth looking at
_DRAFTS_FOR_S = 30 * 86_400  # so long a person may leave a draft lying
_LOOK_EVERY_S = 60.0
_DRAFTS_ASKED = 20  # draft/get, for one event: it has a quota of 500 a day


class PublishedByHand:
    """Notices that a draft which a job had left ready for a person is in the box no more.

    Such an account may not ask WeChat what it has published (48001). But WeChat pushes the end of
    a publication. Where one draft alone is gone then, its job's result says `left_box`, with the
    article that WeChat told of. Nothing proves that it is the same: the mode stays `draft_ready`.
    That WeChat pushes it for publications by hand is not confirmed; without it nothing changes.
    """

    def __init__(
        self,
        database: Database,
        drafts: DraftClient,
        announce: Announce,
        changes: Changes,
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._drafts = drafts
        self._announce = announce
        self._changes = changes
        self._clock = clock
        self._seen: set[str] = set()  # events that told nothing; after a restart, once more

    async def run(self) -> Never:
        """Look every minute."""
        await for_ever(
            self.look,
            every_s=_LOOK_EVERY_S,
            away="published by hand: waits for the database",
            failed="published by hand: failed",
        )

    async def look(self) -> None:
        """Match the events of late that no job is known to."""
        since = self._clock() - _EVENTS_FOR_S
        async with self._database.read() as connection:
            rows = await events.unjoined(connection, None, PUBLISHED, since=since, limit=100)
        for row in rows:
            found = publication_of(row.body) if row.sealed else None
            if row.id in self._seen or found is None or found.publish_status != PublishStatus.DONE:
                continue
            self._seen.add(row.id)
            try:
                await self._match(row, found)
            except GatewayError as exc:
                log.info("published by hand: wechat does not say", code=exc.code)
                self._seen.discard(row.id)
        self._seen &= {row.id for row in rows}

    async def _match(self, row: EventRow, found: Publication) -> None:
        since = row.received_at - _DRAFTS_FOR_S
        async with self._database.read() as connection:
            ready = await ready_drafts.waiting(connection, row.account, since=since)
        gone = [job for job in ready[:_DRAFTS_ASKED] if await self._has_left(job)]
        if len(gone) == 1:
            await self._take(gone[0], row, found)
        elif gone:
            log.info("published by hand: several drafts have left", jobs=[job.id for job in gone])

    async def _has_left(self, job: JobHead) -> bool:
        media_id = (job.result or {})["media_id"]
        try:
            await self._drafts.get(job.account, media_id)
        except WeChatRefused as exc:
            if exc.wechat_errcode == INVALID_MEDIA_ID:
                return True
            raise
        return False

    async def _take(self, job: JobHead, row: EventRow, found: Publication) -> None:
        async with self._database.write() as connection:
            seen = await job_rows.lock(connection, job.id)
            if seen is None or "left_box" in (seen.result or {}):
                return
            result = _left(seen.result or {}, found)
            values = {"result": result, "updated_at": self._clock()}
            changed = await job_rows.replace(connection, seen, values)
            assert changed is not None  # noqa: S101 - it was locked
            if row.subject is not None:
                await events.join(connection, row.account, row.type, row.subject, job.id)
            await self._announce.job_ended(connection, changed, State.SUCCEEDED, result=result)
        log.info("draft has left the box", job=job.id)
        self._changes.tell(job.id)


def _left(made: dict[str, Any], found: Publication) -> dict[str, Any]:
    kept = {name: value for name, value in made.items() if name != "next_steps"}
    told = {"article_id": found.article_id, **urls_of(found.article_urls)}
    return {**kept, "left_box": told}
