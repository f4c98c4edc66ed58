import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from store import overdue

log = structlog.get_logger(__name__)

OVERDUE_S = 60.0  # a scheduled job that has not begun by then missed its time


async def spread(connection: AsyncConnection, now: float, *, per_minute: float) -> int:
    """Give scheduled jobs that are overdue times of their own, from now on; how many.

    In the order in which they were due, and no more of an account than `per_minute`: after a
    downtime WeChat is not to be stormed. Who had been given a time before and others become
    overdue moves back for what was due earlier. Call it before jobs are claimed, in one
    transaction.
    """
    rows = await overdue.take(connection, now - OVERDUE_S, now=now)
    if not rows:
        return 0
    pause_s = 60 / per_minute
    free_at: dict[str, float] = {}  # by account: the first time that was given already, or now
    for row in rows:
        if row.run_at >= now:
            free_at[row.account] = min(row.run_at, free_at.get(row.account, row.run_at))
    times: dict[str, float] = {}
    for row in rows:
        times[row.id] = free_at.get(row.account, now)
        free_at[row.account] = times[row.id] + pause_s
    await overdue.postpone(connection, times, now)
    log.warning("catching up on overdue jobs", jobs=len(rows), accounts=len(free_at))
    return len(rows)
