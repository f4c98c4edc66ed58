from itertools import islice
from typing import Any

from core.clock import rfc3339
from jobs.cron import Recurrence
from store.schedules import ScheduleHead, ScheduleRow

_TIMES = 5


def schedule_json(row: ScheduleHead) -> dict[str, Any]:
    """A schedule for its clients; with what it does where `row` has that."""
    shown: dict[str, Any] = {
        "id": row.id,
        "account": row.account,
        "client": row.client_id,
        "name": row.name,
        "state": row.state,
        "pause_reason": row.pause_reason,
        "cron": row.cron,
        "timezone": row.timezone if row.cron else None,
        "next_at": _time(row.next_at),
        "next_times": [rfc3339(at) for at in next_times(row)],
        "if_late": row.if_late,
        "max_late_s": row.max_late_s,
        "approval": row.approval,
        "last_at": _time(row.last_at),
        "last_job_id": row.last_job_id,
        "skipped": row.skipped,
        "version": row.version,
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
    }
    if isinstance(row, ScheduleRow):
        shown |= _work(row.work)
    return shown


def next_times(row: ScheduleHead) -> list[float]:
    """When it comes due next, as far as that is known; nothing of one that is not active."""
    if row.state != "active" or row.next_at is None:
        return []
    if row.cron is None:
        return [row.next_at]
    following = Recurrence(row.cron, row.timezone).after(row.next_at)
    return [row.next_at, *islice(following, _TIMES - 1)]


def _time(at: float | None) -> str | None:
    return None if at is None else rfc3339(at)


def _work(work: dict[str, Any]) -> dict[str, Any]:
    if work["kind"] == "article":
        return {"action": work["action"], "article": work["fields"], "draft": None}
    draft = {"media_id": work["media_id"], "if_changed": work["if_changed"]}
    return {"action": work["action"], "article": None, "draft": draft}
