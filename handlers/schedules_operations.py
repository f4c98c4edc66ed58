"""What `/openapi.json` says of the routes of schedules."""

from typing import Any

from handlers.jobs import JobAnswer
from handlers.openapi import Operation
from handlers.operations import IDEMPOTENCY_KEY, IF_MATCH, JOB_EXAMPLE, PREFER, paging, query
from handlers.schedule_forms import ScheduleAnswer, ScheduleChange, ScheduleList, ScheduleRequest

_LISTED: dict[str, Any] = {
    "id": "sch_01jd8zq3k4x5c6v7b8n9m0a1s2",
    "account": "main",
    "client": "blog",
    "name": "早报",
    "state": "active",
    "pause_reason": None,
    "cron": "0 8 * * 1-5",
    "timezone": "Asia/Shanghai",
    "next_at": "2026-12-01T00:00:00.000Z",
    "next_times": ["2026-12-01T00:00:00.000Z", "2026-12-02T00:00:00.000Z"],
    "if_late": "skip",
    "max_late_s": 3600,
    "approval": None,
    "last_at": None,
    "last_job_id": None,
    "skipped": 0,
    "version": 1,
    "created_at": "2026-11-30T09:00:00.000Z",
    "updated_at": "2026-11-30T09:00:00.000Z",
}
_ARTICLE = {"markdown": "# 早报\n\n今天的要闻。"}
_SCHEDULE = {**_LISTED, "action": "publish", "article": _ARTICLE, "draft": None}
_ERRORS = (400, 401, 403, 404, 409, 413, 415, 422, 500, 502, 503, 504)
_EDITS = (400, 401, 403, 404, 409, 503)

LIST = Operation(
    "定时计划，新的在前 / schedules, newest first",
    "schedules",
    answer=ScheduleList,
    answer_example={"items": [_LISTED], "next_cursor": None},
    parameters=(
        query("state", "状态 / state", type="string", enum=["active", "paused", "ended"]),
        *paging(100),
    ),
    errors=(401, 403, 404, 422),
)
CREATE = Operation(
    "新定时计划 / a new schedule",
    "schedules",
    status=201,
    body=ScheduleRequest,
    answer=ScheduleAnswer,
    example={"cron": "0 8 * * 1-5", "article": _ARTICLE, "action": "publish", "if_late": "skip"},
    answer_example=_SCHEDULE,
    multipart="图片，以 Markdown 中的相对路径为名 / a picture, named as the Markdown names it",
    parameters=(IDEMPOTENCY_KEY,),
    errors=_ERRORS,
    description=(
        "一次（`publish_at`）或周期（`cron`）；`article` 每次建新草稿，`draft` 发布已有的一篇。"
        "multipart 的 JSON 部分名为 `schedule`。\n\n"
        "One time (`publish_at`) or again and again (`cron`); `article` makes a draft each time, "
        "`draft` publishes one that is there. The JSON part of multipart is named `schedule`."
    ),
    limit="120/minute",
)
GET = Operation(
    "一个定时计划 / a schedule",
    "schedules",
    answer=ScheduleAnswer,
    answer_example=_SCHEDULE,
    parameters=(IF_MATCH,),
    errors=(400, 401, 403, 404, 409),
)
CHANGE = Operation(
    "修改定时计划 / change a schedule",
    "schedules",
    body=ScheduleChange,
    answer=ScheduleAnswer,
    example={"cron": "30 7 * * *"},
    answer_example=_SCHEDULE,
    multipart="图片，以 Markdown 中的相对路径为名 / a picture, named as the Markdown names it",
    parameters=(IF_MATCH,),
    errors=_ERRORS,
    description="没写的不变；刚好到点时 409 `schedule_changed`。"
    "What is not named stays; 409 `schedule_changed` if it came due meanwhile.",
)
REMOVE = Operation(
    "删除定时计划 / remove a schedule",
    "schedules",
    status=204,
    parameters=(IF_MATCH,),
    errors=_EDITS,
    description="已结束的须带 If-Match；它的任务未结束时 409。"
    "One that is over wants If-Match; 409 while a job of it is not over.",
)
PAUSE = Operation(
    "暂停 / pause",
    "schedules",
    answer=ScheduleAnswer,
    answer_example={**_SCHEDULE, "state": "paused", "next_times": []},
    parameters=(IF_MATCH,),
    errors=_EDITS,
)
RESUME = Operation(
    "继续 / resume",
    "schedules",
    answer=ScheduleAnswer,
    answer_example=_SCHEDULE,
    parameters=(IF_MATCH,),
    errors=_EDITS,
)
RUN = Operation(
    "立即执行一次 / have it done now",
    "schedules",
    status=202,
    also=(200,),
    answer=JobAnswer,
    answer_example={**JOB_EXAMPLE, "state": "scheduled", "result": None},
    parameters=(IF_MATCH, IDEMPOTENCY_KEY, PREFER),
    errors=(*_EDITS, 422),
)
APPROVE = Operation(
    "批准定时计划 / approve a schedule",
    "schedules",
    answer=ScheduleAnswer,
    answer_example={**_SCHEDULE, "approval": "given"},
    parameters=(IF_MATCH,),
    errors=_EDITS,
    description="由另一个客户端批准它今后的每次发布；修改后须重新批准。"
    "By another client, for all that it publishes; after a change anew.",
)
