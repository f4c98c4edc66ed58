"""What `/openapi.json` says of WeChat's message push."""

from typing import Any

from handlers.openapi import Operation
from handlers.operations import query

_SIGNED: tuple[dict[str, Any], ...] = (
    query("timestamp", "Unix 秒 / Unix seconds"),
    query("nonce", "随机串 / random text"),
)
CHECK = Operation(
    "微信验证服务器地址 / WeChat checks the address",
    "callback",
    media_type="text/plain",
    public=True,
    parameters=(
        query("signature", "sha1(sort(token, timestamp, nonce))"),
        *_SIGNED,
        query("echostr", "原样返回 / comes back"),
    ),
    errors=(400, 403, 404, 429, 503),
)
PUSH = Operation(
    "微信推送的消息与事件 / messages and events that WeChat pushes",
    "callback",
    media_type="text/plain",
    public=True,
    parameters=(
        query("signature", "明文模式的签名 / the signature in plain mode"),
        query("msg_signature", "安全模式的签名，含密文 / in safe mode, of the cipher text too"),
        *_SIGNED,
    ),
    errors=(400, 403, 404, 413, 429, 503),
    description=(
        "只凭签名验证，不需要密钥。存下后回 `success`；存不下回 5xx，微信会再推。\n\n"
        "Verified by its signature alone. Answered `success` once it is kept, else with a 5xx, "
        "and WeChat pushes again."
    ),
)
