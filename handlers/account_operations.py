"""What `/openapi.json` says of the routes of official accounts, for admins."""

from typing import Any

from accounts.account_forms import AccountChanges
from accounts.official import OfficialAccount
from handlers.admin_accounts import AccountDetail, AccountViews
from handlers.capabilities import CapabilityView
from handlers.openapi import Operation
from handlers.operations import EDIT_ERRORS, IF_MATCH, paging

_ADMIN_ACCOUNT: dict[str, Any] = {
    "name": "main",
    "app_id": "wx0000000000000001",
    "source": "store",
    "state": "active",
    "app_secret": {"set": True, "fingerprint": "5f0c2a91"},
    "callback_token": {"set": False, "fingerprint": None},
    "previous_callback_token": {"set": False, "fingerprint": None},
    "encoding_aes_key": {"set": False, "fingerprint": None},
    "previous_encoding_aes_key": {"set": False, "fingerprint": None},
    "rate_limit": "",
    "limits": {},
    "max_concurrent": 200,
    "quotas": {},
    "version": 1,
    "created_at": "2026-12-01T00:00:00.000Z",
    "updated_at": "2026-12-01T00:00:00.000Z",
}
_CAPABILITIES: dict[str, Any] = {
    "freepublish": True,
    "draft_switch": True,
    "verified": "likely",
    "quotas": {"/cgi-bin/draft/add": {"daily_limit": 1000, "used": 3, "remain": 997}},
    "checked_at": "2026-12-01T00:04:00.000Z",
    "error": None,
}
_ACCOUNT_DETAIL: dict[str, Any] = {
    **_ADMIN_ACCOUNT,
    "capabilities": _CAPABILITIES,
    "quota_remaining": {"/cgi-bin/draft/add": 997},
}
ADMIN_ACCOUNTS = Operation(
    "全部公众号 / all official accounts",
    "admin",
    answer=AccountViews,
    answer_example={"items": [_ADMIN_ACCOUNT], "next_cursor": None},
    parameters=paging(200),
    errors=(401, 403, 422),
)
ADMIN_ACCOUNT = Operation(
    "一个公众号 / an official account",
    "admin",
    answer=AccountDetail,
    answer_example=_ACCOUNT_DETAIL,
    errors=(401, 403, 404),
)
ADMIN_ACCOUNT_CREATE = Operation(
    "添加公众号 / add an official account",
    "admin",
    status=201,
    body=OfficialAccount,
    answer=AccountDetail,
    example={"name": "main", "app_id": "wx0000000000000001", "app_secret": "…"},
    answer_example=_ACCOUNT_DETAIL,
    errors=(400, 401, 403, 409, 413, 415, 422, 503),
    description="密钥加密保存，不再给出。Secrets are kept encrypted and never given out.",
)
ADMIN_ACCOUNT_CHANGE = Operation(
    "修改公众号，更换密钥 / change an official account or its secrets",
    "admin",
    body=AccountChanges,
    answer=AccountDetail,
    example={"app_secret": "…"},
    answer_example=_ACCOUNT_DETAIL,
    parameters=(IF_MATCH,),
    errors=EDIT_ERRORS,
)
ADMIN_ACCOUNT_PROBE = Operation(
    "问微信这个公众号能做什么 / ask WeChat what an account may do",
    "admin",
    answer=CapabilityView,
    answer_example=_CAPABILITIES,
    errors=(401, 403, 404, 422, 429, 502, 503, 504),
    description="花 7 次调用，其中一次 freepublish/batchget（每天 100 次）。"
    "7 calls, one of them of the 100 freepublish/batchget a day.",
    limit="6/minute",
)
ADMIN_ACCOUNT_REMOVE = Operation(
    "删除公众号；有未结束的任务时 409 / remove an official account",
    "admin",
    status=204,
    parameters=(IF_MATCH,),
    errors=(400, 401, 403, 404, 409, 503),
)
