"""Answers of the forward proxy itself, before the tool's TLS begins."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson

from accounts.clients import AuthError
from core.errors import GatewayError
from core.ids import new_id

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_REASON_CHARS = 150


def refusal(error: GatewayError) -> bytes:
    """The whole answer, after which the connection ends.

    In both languages, since CONNECT says none. Most tools show no more of it than the reason
    phrase: message and hint stand there too.
    """
    request_id = new_id("req")
    zh, en = error.describe("zh", request_id), error.describe("en", request_id)
    both = {name: f"{zh[name]} / {en[name]}" for name in ("message", "hint")}
    body = orjson.dumps({"error": {**en, **both}})
    status = _status(error)
    lines = [
        f"HTTP/1.1 {status} {status.phrase} ({_reason(en)})",
        "content-type: application/json",
        f"content-length: {len(body)}",
        f"x-request-id: {request_id}",
        "cache-control: no-store",
        "connection: close",
    ]
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        lines.append('proxy-authenticate: Basic realm="wxgate", charset="UTF-8"')
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        lines.append("allow: CONNECT")
    if error.retry_after_s is not None:
        lines.append(f"retry-after: {round(error.retry_after_s)}")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _status(error: GatewayError) -> HTTPStatus:
    unknown = isinstance(error, AuthError) and error.status == HTTPStatus.UNAUTHORIZED
    return HTTPStatus.PROXY_AUTHENTICATION_REQUIRED if unknown else HTTPStatus(error.status)


def _reason(said: Mapping[str, Any]) -> str:
    """Cause and cure as in an errmsg on WeChat's paths (handlers/wechat_form.py), in ASCII."""
    return f"wxgate: {_plain(said['message'])} -> {_plain(said['hint'])}"


def _plain(text: str) -> str:
    spelt = text.replace("…", "...")[:_REASON_CHARS]
    return "".join(char if " " <= char <= "~" else "?" for char in spelt)
