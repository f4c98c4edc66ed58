"""What `/openapi.json` says of alerts and silences."""

from typing import Any

from handlers.alerts import AlertList, AlertNote, AlertView
from handlers.openapi import Operation
from handlers.operations import EDIT_ERRORS, IF_MATCH, paging, query
from handlers.silences import NewSilence, SilenceList, SilenceView

_ALERT: dict[str, Any] = {
    "id": "alr_06h07z6nxmd948z1se7rzbetyc",
    "event": "calls.error_rate",
    "key": "main",
    "account": "main",
    "severity": "error",
    "state": "open",
    "data": {"calls": 120, "errors": 42, "percent": 35, "minutes": 10},
    "count": 3,
    "reopened": 0,
    "first_at": "2026-12-01T00:00:00.000Z",
    "last_at": "2026-12-01T00:10:00.000Z",
    "told_at": "2026-12-01T00:00:01.000Z",
    "acknowledged_at": None,
    "acknowledged_by": None,
    "note": None,
    "resolved_at": None,
    "resolved_by": None,
    "escalation": 0,
    "escalate_at": "2026-12-01T00:15:01.000Z",
    "version": 3,
}
_SILENCE: dict[str, Any] = {
    "id": "sil_06h07z6nxmd948z1se7rzbetyc",
    "state": "active",
    "events": ["calls.*"],
    "account": "main",
    "key": None,
    "reason": "压测",
    "created_by": "client:ops",
    "created_at": "2026-12-01T00:00:00.000Z",
    "starts_at": "2026-12-01T00:00:00.000Z",
    "ends_at": "2026-12-01T02:00:00.000Z",
}

LIST = Operation(
    "告警，新的在前 / alerts, newest first",
    "alerts",
    answer=AlertList,
    answer_example={"items": [_ALERT], "next_cursor": None},
    parameters=(
        query("state", "open、acknowledged、resolved，可用逗号列多个 / with commas between them"),
        query("event", "如 calls.error_rate，可列多个 / with commas between them"),
        query("severity", "info、warning、error、critical，可列多个 / with commas between them"),
        query("account", "账号名 / account"),
        *paging(200),
    ),
    errors=(401, 403, 422, 503),
)
GET = Operation(
    "一个告警 / an alert",
    "alerts",
    answer=AlertView,
    answer_example=_ALERT,
    errors=(401, 403, 404, 503),
)
ACKNOWLEDGE = Operation(
    "确认：有人在处理，不再升级 / acknowledge: somebody sees to it",
    "alerts",
    body=AlertNote,
    body_required=False,
    answer=AlertView,
    example={"note": "在查"},
    answer_example={
        **_ALERT,
        "state": "acknowledged",
        "acknowledged_at": "2026-12-01T00:12:00.000Z",
        "acknowledged_by": "client:ops",
        "note": "在查",
        "escalate_at": None,
        "version": 4,
    },
    parameters=(IF_MATCH,),
    errors=EDIT_ERRORS,
)
RESOLVE = Operation(
    "解决；再发生会另开一个 / resolve it; what happens again is another alert",
    "alerts",
    body=AlertNote,
    body_required=False,
    answer=AlertView,
    example={"note": "换回了旧密钥"},
    answer_example={
        **_ALERT,
        "state": "resolved",
        "resolved_at": "2026-12-01T00:20:00.000Z",
        "resolved_by": "client:ops",
        "escalate_at": None,
        "version": 5,
    },
    parameters=(IF_MATCH,),
    errors=EDIT_ERRORS,
)
SILENCES = Operation(
    "静默，新的在前 / silences, newest first",
    "alerts",
    answer=SilenceList,
    answer_example={"items": [_SILENCE], "next_cursor": None},
    parameters=(
        query("ended", "连同已结束的 / with those that have ended", type="boolean"),
        *paging(200),
    ),
    errors=(401, 403, 422, 503),
)
SILENCE = Operation(
    "新的静默：到时间为止不通知 / a new silence: nobody is told until it ends",
    "alerts",
    status=201,
    body=NewSilence,
    answer=SilenceView,
    example={"events": ["calls.*"], "account": "main", "reason": "压测", "duration_s": 7_200},
    answer_example=_SILENCE,
    errors=(400, 401, 403, 409, 413, 415, 422, 503),
    description=(
        "`ends_at` 与 `duration_s` 二选一；`starts_at` 可在将来。"
        "告警照常记录，结束时仍未好的会补通知。\n\n"
        "Either `ends_at` or `duration_s`; `starts_at` may be in the future. Alerts are kept all "
        "the same; what is still wrong at its end is told then."
    ),
    limit="60/minute",
)
END_SILENCE = Operation(
    "提前结束静默 / end a silence before its time",
    "alerts",
    status=204,
    errors=(401, 403, 404, 503),
)
