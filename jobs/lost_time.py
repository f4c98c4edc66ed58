"""What the store has forgotten, as after a restore from a backup, is not done blindly again."""

from typing import Any

import structlog

from core.clock import rfc3339
from core.errors import Text
from jobs import family
from jobs.announce import Announce
from jobs.failures import review
from jobs.states import State
from store import lost
from store.engine import Database

log = structlog.get_logger(__name__)

_RESTORED = Text(
    "数据库从备份恢复，它不记得这段时间；这个任务可能已经做过",
    "the database was restored from a backup and has forgotten that time: it may have been done",
)


def doubt(lost_until: float) -> dict[str, Any]:
    """The error of a job that may have been done before `lost_until`."""
    error = review(_RESTORED, lost_until=rfc3339(lost_until)).error
    assert error is not None  # noqa: S101 - a review has one
    return error


async def review_lost(database: Database, lost_until: float, now: float) -> int:
    """Leave to a person all jobs that may have been worked on until then; how many.

    Not those whose submit WeChat has taken, as far as is known: they are only followed.
    """
    values = {"state": State.NEEDS_REVIEW, "error": doubt(lost_until), "updated_at": now}
    async with database.write() as connection:
        reviewed = await lost.forsake(connection, lost_until, values)
        for batch_id in sorted({batch_id for batch_id in reviewed if batch_id is not None}):
            await family.settle(connection, batch_id, now, Announce(lambda: now))
    if reviewed:
        log.critical("jobs need review after a restore", jobs=len(reviewed))
    return len(reviewed)
