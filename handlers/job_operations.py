"""What `/openapi.json` says of the routes of many jobs."""

from handlers.job_changes import JobChanges
from handlers.job_lists import JobList, JobSummary
from handlers.jobs import JobAnswer
from handlers.openapi import Operation
from handlers.operations import EDIT_ERRORS, IF_MATCH, JOB_EXAMPLE, paging, query

_MANY = "可重复或用逗号分隔 / repeated, or with commas between"
_WANTED = (
    query("state", f"状态；{_MANY} / state"),
    query("kind", f"类别；{_MANY} / kind"),
    query("account", "账号名 / account"),
    query("client", "哪个客户端的（admin）/ whose, for admins"),
    query("approval", "pending 含待你批准的 / those to approve too", enum=["pending", "given"]),
    query("parent", "某个批量任务的各项 / the items of a batch"),
    query("schedule", "某个计划产生的 / made by a schedule"),
    query("ids", f"至多 100 个 id，批量的各项也可；{_MANY} / at most 100, items of batches too"),
    query("created_after", "RFC 3339，含 / from then on", type="string", format="date-time"),
    query("created_before", "RFC 3339，不含 / before then", type="string", format="date-time"),
    query("due_after", "原定开始时间 / when it was to begin", type="string", format="date-time"),
    query("due_before", "原定开始时间 / when it was to begin", type="string", format="date-time"),
    query("tag", "标签 / tag"),
    query(
        "q",
        "标题里的字（空格分隔，须全部出现），或任务、草稿、文章的 id，或错误码 / "
        "words of the title, all of them; or the id of the job, its draft or article; or an "
        "error's code",
    ),
)
_PAGE = paging(100)
JOBS = Operation(
    "任务列表，新的在前 / jobs, newest first",
    "jobs",
    answer=JobList,
    answer_example={"items": [{**JOB_EXAMPLE, "tags": ["周报"]}], "next_cursor": None},
    parameters=(*_WANTED, *_PAGE),
    errors=(401, 403, 422),
    description="批量任务的各项只在给出 parent 或 ids 时列出。"
    "Items of batches are listed only where parent or ids asks for them.",
)
SUMMARY = Operation(
    "各状态有多少任务 / how many jobs are in each state",
    "jobs",
    answer=JobSummary,
    answer_example={"states": {"succeeded": 41, "failed": 1}, "total": 42},
    parameters=_WANTED,
    errors=(401, 403, 422),
)
CHANGE = Operation(
    "修改任务的时间或标签 / give a job another time or other tags",
    "jobs",
    body=JobChanges,
    answer=JobAnswer,
    example={"publish_at": "2026-12-01T08:00:00+08:00", "tags": ["周报"]},
    answer_example={**JOB_EXAMPLE, "state": "scheduled", "tags": ["周报"], "result": None},
    parameters=(IF_MATCH,),
    errors=EDIT_ERRORS,
    description="只有还没开始的任务能改时间，否则 409 `job_begun`。"
    "Only a job that has not begun gets another time: else 409 `job_begun`.",
)
