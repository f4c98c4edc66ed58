"""What `/openapi.json` says of publishing drafts that are in the box."""

from handlers.draft_publish import PreviewRequest, PublishRequest
from handlers.jobs import JobAnswer
from handlers.openapi import Operation
from handlers.operations import EDIT_ERRORS, IDEMPOTENCY_KEY, JOB_EXAMPLE, PREFER

DRAFT_PUBLISH = Operation(
    "发布草稿箱里的草稿 / publish a draft that is in the box",
    "drafts",
    status=202,
    also=(200,),
    body=PublishRequest,
    body_required=False,
    answer=JobAnswer,
    example={"publish_at": "2026-12-01T08:00:00+08:00"},
    answer_example={**JOB_EXAMPLE, "kind": "draft.publish", "state": "accepted", "result": None},
    parameters=(IDEMPOTENCY_KEY, PREFER),
    errors=EDIT_ERRORS,
    description=(
        "返回任务。同一草稿同时只有一个任务：否则 409 `draft_busy`；定时期间草稿被改过则任务以"
        " `draft_changed` 失败。\n\n"
        "Answers with a job. One job at a time has a draft, others get 409 `draft_busy`; one that "
        "was changed while it waited fails with `draft_changed`."
    ),
    limit="120/minute",
)
DRAFT_PREVIEW = Operation(
    "把草稿发给一个人预览 / show a draft to one follower",
    "drafts",
    status=204,
    body=PreviewRequest,
    example={"towxname": "test_wx_name"},
    errors=(400, 401, 403, 404, 409, 413, 415, 422, 429, 502, 503, 504),
    description="按微信号或 openid；微信每天限 100 次。By WeChat name or openid; 100 a day.",
    limit="60/minute",
)
