"""One JSON-RPC message, looked at before the SDK sees it.

The SDK takes a request whose id is none for a notification, and answers it with silence; ids of
any length come back as they are, and what else is wrong is told as its parser's internals.
"""

from typing import Any

from pydantic_core import from_json

from core.errors import GatewayError, Text

_ID_CHARS, _ID_NUMBER = 256, 2**53  # JavaScript keeps no larger number
_METHOD_CHARS = 128
# Each is an object in memory, twice: 4 MB of "[]," would hold the process up for half a second.
# Styled HTML of 1 MB has some 70 000 such characters in its text.
_PARTS = 250_000


class MessageInvalid(GatewayError):
    """The body is not one JSON-RPC message."""

    status = 400
    code = "mcp_message_invalid"
    category = "params"
    message = Text("不是一条 JSON-RPC 消息：{reason}", "not one JSON-RPC message: {reason_en}")
    hint = Text(
        '每次 POST 一个对象：{"jsonrpc": "2.0", "id": 1, "method": …}，不收批量（数组）',
        'POST one object at a time: {"jsonrpc": "2.0", "id": 1, "method": …}; batches (arrays) '
        "are not taken",
    )


def check_message(body: bytes) -> None:
    """Raise MessageInvalid unless `body` is a request, a notification or an answer."""
    if sum(map(body.count, (b",", b"[", b"{"))) > _PARTS:
        raise _invalid("它有太多个值", "it has too many values")
    try:
        said = from_json(body)
    except ValueError as exc:
        raise _invalid(str(exc), str(exc)) from None
    if (reason := _objection(said)) is not None:
        raise _invalid(*reason)


def _objection(said: Any) -> Text | None:
    if not isinstance(said, dict):
        return Text("它不是一个对象", "it is no object")
    if said.get("jsonrpc") != "2.0":
        return Text('jsonrpc 不是 "2.0"', 'jsonrpc is not "2.0"')
    if "id" in said and not _usable(said["id"]) and "error" not in said:
        return Text(
            f"id 应是 {_ID_CHARS} 个字符以内的字符串，或整数",
            f"id is neither a string of up to {_ID_CHARS} characters nor an integer",
        )
    method = said.get("method", "")
    if not isinstance(method, str) or len(method) > _METHOD_CHARS:
        return Text("method 不是方法名", "method is not the name of one")
    return None


def _usable(message_id: object) -> bool:
    if isinstance(message_id, str):
        return len(message_id) <= _ID_CHARS
    if isinstance(message_id, bool) or not isinstance(message_id, int):
        return False
    return abs(message_id) <= _ID_NUMBER


def _invalid(reason: str, reason_en: str) -> MessageInvalid:
    return MessageInvalid(reason=reason, reason_en=reason_en)
