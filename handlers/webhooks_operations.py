"""What `/openapi.json` says of webhooks."""

from typing import Any

from handlers.openapi import Operation
from handlers.operations import EDIT_ERRORS, IF_MATCH, paging, query
from handlers.webhooks import (
    DeliveryList,
    DeliveryView,
    NewWebhook,
    WebhookChanges,
    WebhookList,
    WebhookView,
    WebhookWithSecret,
)

_WEBHOOK: dict[str, Any] = {
    "id": "whk_06h07z6nxmd948z1se7rzbetyc",
    "url": "https://203.0.113.5/wxgate",
    "events": ["job.*", "wechat.PUBLISHJOBFINISH"],
    "accounts": [],
    "state": "active",
    "version": 1,
    "created_at": "2026-12-01T00:00:00.000Z",
    "updated_at": "2026-12-01T00:00:00.000Z",
}
_DELIVERY: dict[str, Any] = {
    "id": "msg_06h07z6nxmd948z1se7rzbetyc",
    "type": "job.succeeded",
    "state": "delivered",
    "attempts": 1,
    "error": None,
    "created_at": "2026-12-01T00:00:00.000Z",
    "next_at": None,
    "body": {
        "type": "job.succeeded",
        "timestamp": "2026-12-01T00:00:00.000Z",
        "data": {"id": "job_01jd8zq3k4x5c6v7b8n9m0a1s2", "account": "main"},
    },
}
_READ = (401, 403, 404)

LIST = Operation(
    "本密钥的 webhook / the key's webhooks",
    "webhooks",
    answer=WebhookList,
    answer_example={"items": [_WEBHOOK], "next_cursor": None},
)
CREATE = Operation(
    "新建 webhook，密钥只给这一次 / a new webhook; its secret is told this once",
    "webhooks",
    status=201,
    body=NewWebhook,
    answer=WebhookWithSecret,
    example={"url": "https://203.0.113.5/wxgate", "events": ["job.*"]},
    answer_example={**_WEBHOOK, "secret": "whsec_…"},
    errors=EDIT_ERRORS,
    description=(
        "类型：`job.succeeded` `job.partly_failed` `job.failed` `job.needs_review` "
        "`job.cancelled` `job.approval_wanted`，以及 `wechat.` 加微信的 Event 或 MsgType"
        "（需要 `relay:read`）；末尾可用 `*`。按 Standard Webhooks 签名。\n\n"
        "Types: those, and `wechat.` with WeChat's Event or MsgType (needs `relay:read`); a `*` "
        "may end one. Signed as in Standard Webhooks."
    ),
    limit="60/minute",
)
GET = Operation("一个 webhook / a webhook", "webhooks", answer=WebhookView, errors=_READ)
CHANGE = Operation(
    "修改、停用、启用 / change it, switch it off or on",
    "webhooks",
    body=WebhookChanges,
    answer=WebhookView,
    example={"state": "active"},
    answer_example=_WEBHOOK,
    parameters=(IF_MATCH,),
    errors=EDIT_ERRORS,
)
REMOVE = Operation("删除 / remove it", "webhooks", status=204, errors=(401, 403, 404, 503))
TEST = Operation(
    "发一条测试消息 / send a message that tells of nothing",
    "webhooks",
    status=202,
    answer=DeliveryView,
    answer_example={**_DELIVERY, "type": "webhook.test", "state": "pending", "attempts": 0},
    errors=(401, 403, 404, 409, 503),
    limit="30/minute",
)
DELIVERIES = Operation(
    "投递记录，新的在前 / its deliveries, newest first",
    "webhooks",
    answer=DeliveryList,
    answer_example={"items": [_DELIVERY], "next_cursor": None},
    parameters=(
        query("state", "pending、delivered 或 dead"),
        *paging(100),
    ),
    errors=(401, 403, 404, 422),
)
REDELIVER = Operation(
    "再投一次 / send a delivery once more",
    "webhooks",
    status=202,
    answer=DeliveryView,
    answer_example={**_DELIVERY, "state": "pending"},
    errors=(401, 403, 404, 409, 503),
    limit="60/minute",
)
