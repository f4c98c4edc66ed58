"""What `/openapi.json` says of the route of batches."""

from handlers.batch_bodies import BatchRequest
from handlers.batches import BatchAnswer
from handlers.jobs import JobReport
from handlers.openapi import Operation
from handlers.operations import EDIT_ERRORS, IDEMPOTENCY_KEY, JOB_EXAMPLE, PREFER, query

BATCH = Operation(
    "批量提交 / hand in many things at once",
    "batches",
    status=202,
    also=(200,),
    body=BatchRequest,
    answer=BatchAnswer,
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
        **JOB_EXAMPLE,
        "kind": "batch",
        "state": "accepted",
        "title": None,
        "result": None,
        "progress": {"done": 0, "total": 2, "failed": 0},
        "items": [],
    },
    multipart="文件，以条目里的路径为名 / a file, named as the items name it",
    part="batch",
    raw="application/zip",
    parameters=(
        IDEMPOTENCY_KEY,
        PREFER,
        query("kind", "ZIP：默认 articles / of a ZIP archive; articles by default"),
        query("action", "ZIP：每篇做到哪一步 / of a ZIP archive: how far to go with each article"),
        query("target", "ZIP，images.upload：article 或 material / of a ZIP archive of pictures"),
        query("concurrency", "ZIP：同时处理几项 / of a ZIP archive", type="integer"),
        query("on_error", "ZIP：continue 或 stop / of a ZIP archive"),
        query("tags", "ZIP：逗号分隔 / of a ZIP archive, with commas between"),
        query("dry_run", "ZIP：只返回计划 / of a ZIP archive", type="boolean"),
    ),
    errors=EDIT_ERRORS,
    description=(
        "全部条目先检查，有一项不对就都不收（422，逐项说明）。每个条目是一个任务；"
        "`dry_run` 只返回计划。`application/zip`：一个文件夹，每个 Markdown 是一篇文章，"
        "图片按相对路径找；或含 `batch.json`。\n\n"
        "All items are checked first; if one is wrong none is taken in (422, item by item). Each "
        "item is a job; with `dry_run` the answer is the plan. `application/zip`: a folder, of "
        "which each Markdown file is an article that finds its pictures by their paths; or one "
        "with a `batch.json`."
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
