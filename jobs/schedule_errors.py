from core.errors import GatewayError, Text


class ScheduleUnknown(GatewayError):
    """There is no such schedule, or it is another client's."""

    status = 404
    code = "schedule_unknown"
    category = "params"
    message = Text("没有这个定时计划：{schedule_id}", "no such schedule: {schedule_id}")
    hint = Text(
        "只能查看本密钥建立的计划；查看全部需要 admin 权限",
        "a key sees its own schedules; all of them need the scope admin",
    )


class ScheduleChanged(GatewayError):
    """It is not any more as the caller read it: it came due, or somebody changed it."""

    status = 409
    code = "schedule_changed"
    category = "params"
    message = Text(
        "定时计划已经变了（现为版本 {version}，状态 {state}）",
        "the schedule has changed (it is at version {version} now, {state})",
    )
    hint = Text(
        "可能刚好到点执行了：看 last_job_id；重新读取后再改，If-Match 里放读到的 ETag",
        "it may just have come due: see last_job_id; read it again and send that ETag as If-Match",
    )


class ScheduleEnded(GatewayError):
    """All its times are over."""

    status = 409
    code = "schedule_ended"
    category = "params"
    message = Text(
        "定时计划已结束，最后的任务是 {job_id}", "the schedule is over; its last job is {job_id}"
    )
    hint = Text(
        "要再执行就用 PATCH 给出新的 publish_at 或 cron；删除记录请带 If-Match",
        "to have it done again PATCH a new publish_at or cron; to remove it send If-Match",
    )


class ScheduleJobRunning(GatewayError):
    """A job that it made is not over."""

    status = 409
    code = "schedule_job_running"
    category = "params"
    message = Text("它的任务 {job_id} 还没有结束", "its job {job_id} is not over yet")
    hint = Text(
        "不想要这次发布就先取消任务：wxgate jobs cancel {job_id}（POST /v1/jobs/{job_id}/cancel）",
        "if that is not wanted cancel it first: wxgate jobs cancel {job_id} "
        "(POST /v1/jobs/{job_id}/cancel)",
    )


class ScheduleTimePast(GatewayError):
    """Its one time went by while it was paused."""

    status = 409
    code = "schedule_time_past"
    category = "params"
    message = Text("暂停期间已错过执行时间", "its time went by while it was paused")
    hint = Text(
        "用 PATCH 给出新的 publish_at，或用 /run 立即执行",
        "PATCH a new publish_at, or have it done now by /run",
    )


class SchedulesFull(GatewayError):
    """The client has as many schedules as it may have."""

    status = 409
    code = "schedules_full"
    category = "quota"
    message = Text(
        "未结束的定时计划已达上限 {limit} 个", "{limit} schedules that have not ended are the most"
    )
    hint = Text(
        "删除不用的；可由管理员调大 jobs.max_schedules",
        "remove some; an operator may raise jobs.max_schedules",
    )
