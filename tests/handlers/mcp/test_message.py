import json
from typing import Any

import pytest

from handlers.mcp.message import MessageInvalid, check_message

NO_IDS: list[Any] = [None, True, 1.5, {}, [], "x" * 257, 2**53 + 1, 10**400]
GOOD: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@pytest.mark.parametrize(
    "change",
    [{}, {"id": "x" * 256}, {"id": 0}, {"id": -(2**53)}, {"id": ""}, {"params": {"_meta": {}}}],
)
def test_a_request_is_let_through(change: dict[str, Any]) -> None:
    check_message(json.dumps({**GOOD, **change}).encode())


def test_a_long_article_is_let_through() -> None:
    html = '<p style="color: rgba(1,2,3,.5)">一二三，四五六, seven, eight</p>' * 13_000
    assert len(html.encode()) > 900_000
    arguments = {"html": html, "title": "t"}
    params = {"name": "create_draft", "arguments": arguments}
    check_message(json.dumps({**GOOD, "method": "tools/call", "params": params}).encode())


def test_notifications_and_answers_are_let_through() -> None:
    check_message(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}')
    check_message(b'{"jsonrpc": "2.0", "id": 1, "result": {}}')
    check_message(b'{"jsonrpc": "2.0", "id": null, "error": {"code": 1, "message": "x"}}')


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "EOF"),
        (b"{", "EOF"),
        (b"\xff", "expected value"),
        (b"null", "no object"),
        (b'"ping"', "no object"),
        (json.dumps([GOOD, GOOD]).encode(), "no object"),
        (b'{"id": 1, "method": "ping"}', "jsonrpc"),
        (json.dumps({**GOOD, "jsonrpc": "1.0"}).encode(), "jsonrpc"),
        (json.dumps({**GOOD, "method": ["ping"]}).encode(), "method"),
        (json.dumps({**GOOD, "method": "m" * 129}).encode(), "method"),
        *((json.dumps({**GOOD, "id": wrong}).encode(), "id is neither") for wrong in NO_IDS),
        (b"[" * 100_000, "recursion"),
        (b'{"id": %b}' % (b"9" * 5_000), "out of range"),
        (b'{"a": [%b1]}' % (b"[]," * 200_000), "too many values"),
        (b'{"a": [%b1]}' % (b"1," * 300_000), "too many values"),
    ],
)
def test_what_is_no_message_is_told_why(body: bytes, reason: str) -> None:
    with pytest.raises(MessageInvalid) as caught:
        check_message(body)
    told = caught.value.describe("en", "req_1")
    assert reason in told["message"]
    assert len(told["message"]) < 200
