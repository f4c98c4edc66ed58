import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from store import overdue

log = structlog.get_logger(__name__)

OVERDUE_S = 60.0  # a scheduled job that has not begun by then missed its time
_AT_ONCE = 1_000


async def spread(connection: AsyncConnection, now: float, *, per_minute: float) -> int:
    """Give scheduled jobs that are overdue times of their own, from now on; how many.

    In the order in which they were due, and no more of an account than `per_minute`: after a
    downtime WeChat is not to be stormed. Call it before jobs are claimed, in one transaction.
    """
    rows = await overdue.take(connection, now - OVERDUE_S, now=now, limit=_AT_ONCE)
    if not rows:
        return 0
    pause_s = 60 / per_minute
    booked = await overdue.booked(connection, {account for _, account in rows})
    free_at = {account: max(now, until + pause_s) for account, until in booked.items()}
    times: dict[str, float] = {}
    for job_id, account in rows:
        times[job_id] = free_at.get(account, now)
        free_at[account] = times[job_id] + pause_s
    await overdue.postpone(connection, times, now)
    log.warning("catching up on overdue jobs", jobs=len(rows), accounts=len(free_at))
    return len(rows)
