"""What `/openapi.json` says of what people do about jobs."""

from handlers.job_reviews import JobPreview, Resolve, RetriedMany, RetryMany
from handlers.jobs import JobAnswer
from handlers.openapi import Operation
from handlers.operations import EDIT_ERRORS, JOB_EXAMPLE

_ID = "job_01jd8zq3k4x5c6v7b8n9m0a1s2"

RESOLVE = Operation(
    "确认一个 needs_review 任务的结果 / say what became of a job that needs review",
    "jobs",
    body=Resolve,
    answer=JobAnswer,
    example={"outcome": "published", "article_id": "ARTICLE_ID"},
    answer_example=JOB_EXAMPLE,
    errors=EDIT_ERRORS,
    description=(
        "先在公众号后台看过再说；记入审计日志。published → succeeded；not_published → failed，"
        "之后 retry 会再发送。\n\n"
        "Look at mp.weixin.qq.com first; it is audited. published ends it as succeeded, "
        "not_published as failed: a retry sends it then."
    ),
)
RETRY_MANY = Operation(
    "重试多个任务 / try many again",
    "jobs",
    body=RetryMany,
    answer=RetriedMany,
    example={"ids": [_ID]},
    answer_example={"items": [{"id": _ID, "retried": True}]},
    errors=(400, 401, 403, 413, 415, 422, 503),
    description="needs_review 的不在此重试：请逐个看过。Never of what needs review.",
    limit="30/minute",
)
PREVIEW = Operation(
    "任务要发表的内容 / what a job publishes",
    "jobs",
    answer=JobPreview,
    answer_example={
        "action": "publish",
        "articles": [
            {"title": "第一篇", "digest": "摘要", "html": "<p>正文</p>", "text": "", "pictures": 0}
        ],
    },
    errors=(401, 403, 404, 422, 429, 502, 503, 504),
    description="给批准者看；html 只应放进沙箱 iframe。For approvers; frame the html sandboxed.",
    limit="60/minute",
)
