import asyncio

import structlog

from jobs.settings import JobsSettings
from store import retention
from store.engine import Database

log = structlog.get_logger(__name__)

_AT_A_TIME = 200
_PAUSE_S = 0.05  # others want to write too


async def forget_old_jobs(database: Database, settings: JobsSettings, now: float) -> int:
    """Forget jobs that ended `keep_jobs_s` ago, a part at a time; how many.

    Never sooner than what keeps them from being done twice: their Idempotency-Keys, and the
    memory of what was published.
    """
    ended_before = now - max(settings.keep_jobs_s, settings.keep_keys_s, settings.repeat_window_s)
    total = 0
    while True:
        async with database.write() as connection:
            gone = await retention.purge_jobs(
                connection, ended_before=ended_before, limit=_AT_A_TIME
            )
        total += gone
        if not gone:
            break
        await asyncio.sleep(_PAUSE_S)
    if total:
        log.info("old jobs forgotten", jobs=total)
    return total
