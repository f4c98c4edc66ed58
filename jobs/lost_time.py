"""What the store has forgotten, as after a restore from a backup, is not done blindly again."""

from typing import Any

import structlog

from core.clock import rfc3339
from core.errors import Text
from jobs import family
from jobs.announce import Announce
from jobs.failures import NeedsReview, stored_error
from jobs.states import State
from store import jobs as job_rows
from store import lost
from store.engine import Database

log = structlog.get_logger(__name__)


class HistoryLost(NeedsReview):
    """The job was to begin in a time that the database knows nothing of."""

    code = "history_lost"
    message = Text(
        "数据库从备份恢复，它不记得这段时间；这个任务可能已经做过",
        "the database was restored from a backup and has forgotten that time: "
        "this job may have been done",
    )
    # Nothing is known of a try that was forgotten: there is nothing that /retry could look for.
    hint = Text(
        "请到公众号后台的草稿箱和发表记录里确认：已经发出的用 wxgate jobs resolve；"
        "确实没有的才用 /retry，它从头再做一遍，不记得以前发过什么",
        "look into drafts and publications on mp.weixin.qq.com: what is out is for wxgate jobs "
        "resolve; only what is not there is for /retry, which does it all from the start and "
        "remembers nothing of what was sent",
    )


def doubt(lost_until: float) -> dict[str, Any]:
    """The error of a job that may have been done before `lost_until`."""
    return stored_error(HistoryLost(), lost_until=rfc3339(lost_until))


async def review_lost(database: Database, lost_until: float, now: float) -> int:
    """Leave to a person all jobs that may have been worked on until then; how many.

    Not those whose submit WeChat has taken, as far as is known: they are only followed.
    """
    values = {"state": State.NEEDS_REVIEW, "error": doubt(lost_until), "updated_at": now}
    async with database.write() as connection:
        reviewed = await lost.forsake(connection, lost_until, values)
        announce = Announce(lambda: now)
        for job_id in sorted(job_id for job_id, batch_id in reviewed if batch_id is None):
            row = await job_rows.head(connection, job_id)
            if row is not None:
                await announce.job_ended(connection, row, State.NEEDS_REVIEW, error=row.error)
        for batch_id in sorted({batch_id for _, batch_id in reviewed if batch_id is not None}):
            await family.settle(connection, batch_id, now, announce)
    if reviewed:
        log.critical("jobs need review after a restore", jobs=len(reviewed))
    return len(reviewed)
