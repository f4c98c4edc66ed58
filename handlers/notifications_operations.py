"""What `/openapi.json` says of notifications."""

from typing import Any

from handlers.notifications import (
    NotificationDetail,
    NotificationList,
    NotificationRequest,
    NotificationSummary,
    NotificationView,
)
from handlers.openapi import Operation
from handlers.operations import EDIT_ERRORS, IDEMPOTENCY_KEY, paging, query

_VIEW: dict[str, Any] = {
    "id": "ntf_06h07z6nxmd948z1se7rzbetyc",
    "state": "sent",
    "channel": "ops",
    "client": "blog",
    "event": None,
    "severity": "info",
    "account": "main",
    "alert": None,
    "to": ["editor@example.com"],
    "cc": [],
    "bcc": [],
    "subject": "十一月报表",
    "template": None,
    "template_version": None,
    "attempts": 1,
    "error": None,
    "carried_by": None,
    "resend_of": None,
    "created_at": "2026-12-01T00:00:00.000Z",
    "next_at": None,
    "done_at": "2026-12-01T00:00:02.000Z",
}
_PENDING = {
    **_VIEW,
    "state": "pending",
    "attempts": 0,
    "next_at": _VIEW["created_at"],
    "done_at": None,
}
_DETAIL = {
    **_VIEW,
    "text": "见附件。",
    "attachments": ["十一月报表.xlsx"],
    "tries": [
        {
            "number": 1,
            "began_at": "2026-12-01T00:00:01.000Z",
            "ended_at": "2026-12-01T00:00:02.000Z",
            "outcome": "sent",
            "sender": "smtp-1",
            "reference": "250 2.0.0 Ok: queued as 4XyZ",
            "error": None,
        }
    ],
}
_WANTED = (
    query("state", "pending held sent dead needs_review suppressed digested；可多个，逗号分隔"),
    query("channel", "渠道 / channel"),
    query("event", "事件 / event"),
    query("severity", "info warning error critical"),
    query("account", "公众号 / account"),
    query("client", "谁要发的 / who asked for it"),
    query("alert", "告警的 id / an alert's id"),
    query("digest", "这条摘要里的 / those that this digest carried"),
    query("ids", "这些 id，逗号分隔，至多 100 个 / these ids"),
    query("created_after", "RFC 3339", type="string", format="date-time"),
    query("created_before", "RFC 3339", type="string", format="date-time"),
)

CREATE = Operation(
    "发一条通知 / send a notification",
    "notifications",
    status=202,
    body=NotificationRequest,
    answer=NotificationView,
    example={
        "channel": "ops",
        "to": ["editor@example.com"],
        "subject": "十一月报表",
        "text": "见附件。",
        "attachments": ["file_06h07z6nxmd948z1se7rzbetyc"],
    },
    answer_example=_PENDING,
    parameters=(IDEMPOTENCY_KEY,),
    errors=EDIT_ERRORS,
    description=(
        "需要 `notify`。用消息模板（`template`、`variables`）或自己的话（`subject`、`text`）。"
        "收件人须在渠道的 `allow_to` 之内。最多试 3 次；结果不明的邮件与短信不会自动重发，"
        "停在 `needs_review`。\n\n"
        "Needs `notify`. The words of a message template, or your own. Recipients must be within "
        "`allow_to` of the channel. Tried at most 3 times; a mail or text message whose outcome is "
        "not known is never sent again by itself: it ends as `needs_review`."
    ),
    limit="600/minute",
    in_bulk=True,
)
LIST = Operation(
    "通知，新的在前 / notifications, newest first",
    "notifications",
    answer=NotificationList,
    answer_example={"items": [_VIEW], "next_cursor": None},
    parameters=(*_WANTED, *paging(100)),
    errors=(401, 403, 422),
)
SUMMARY = Operation(
    "各状态有几条 / how many are in each state",
    "notifications",
    answer=NotificationSummary,
    answer_example={"states": {"sent": 41, "dead": 1}, "total": 42},
    parameters=_WANTED,
    errors=(401, 403, 422),
)
GET = Operation(
    "一条通知与每次尝试 / a notification and its attempts",
    "notifications",
    answer=NotificationDetail,
    answer_example=_DETAIL,
    errors=(401, 403, 404),
)
RESEND = Operation(
    "再发一次，成为新的一条 / send it once more, as a new one",
    "notifications",
    status=202,
    answer=NotificationView,
    answer_example={**_PENDING, "resend_of": _VIEW["id"]},
    errors=(401, 403, 404, 409, 422, 503),
    limit="60/minute",
)
