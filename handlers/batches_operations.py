"""What `/openapi.json` says of the route of batches."""

from handlers.batches import BatchRequest
from handlers.jobs import JobAnswer, JobReport
from handlers.openapi import Operation
from handlers.operations import header

BATCH = Operation(
    "批量提交 / hand in many things at once",
    "batches",
    status=202,
    also=(200,),
    body=BatchRequest,
    answer=JobAnswer,
    example={
        "kind": "articles",
        "items": [
            {"name": "a.md", "markdown": "# 第一篇\n\n正文"},
            {"markdown": "# 第二篇\n\n正文"},
        ],
        "concurrency": 4,
        "on_error": "continue",
    },
    answer_example={
        "id": "job_01jd8zq3k4x5c6v7b8n9m0a1s2",
        "kind": "batch",
        "account": "main",
        "client": "blog",
        "state": "accepted",
        "created_at": "2026-12-01T00:00:00.000Z",
        "run_at": "2026-12-01T00:00:00.000Z",
        "progress": {"done": 0, "total": 2, "failed": 0},
        "items": [],
    },
    multipart="文件，以条目里的路径为名 / a file, named as the items name it",
    part="batch",
    parameters=(
        header("Idempotency-Key", "同键同内容返回同一任务 / the same key gives the same job"),
        header("Prefer", "wait=N：最多等 N 秒（≤60）/ wait up to N s for the end"),
    ),
    errors=(400, 401, 403, 404, 409, 413, 415, 422, 503),
    description=(
        "全部条目先检查，有一项不对就都不收（422，逐项说明）。每个条目是一个任务；"
        "`dry_run` 只返回计划。\n\n"
        "All items are checked first; if one is wrong none is taken in (422, item by item). Each "
        "item is a job; with `dry_run` the answer is the plan."
    ),
    limit="60/minute",
)
REPORT = Operation(
    "逐项结果 / what became of each item",
    "jobs",
    answer=JobReport,
    answer_example={
        "id": "job_01jd8zq3k4x5c6v7b8n9m0a1s2",
        "kind": "batch",
        "state": "partly_failed",
        "progress": {"done": 1, "total": 1, "failed": 1},
        "items": [
            {
                "index": 0,
                "title": "a.md",
                "state": "failed",
                "job": "job_01jd8zq3k4x5c6v7b8n9m0a1s3",
                "media_id": "",
                "url": "",
                "article_id": "",
                "error_code": "draft_title_too_long",
                "error": "标题超过 32 个字",
                "hint": "缩短标题",
            }
        ],
    },
    errors=(401, 403, 404),
    description=(
        "`Accept: text/csv` 得到带 BOM 的 CSV，可直接用表格软件打开。\n\n"
        "With `Accept: text/csv` it is CSV with a BOM, for spreadsheets."
    ),
)
