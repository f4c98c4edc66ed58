import orjson
import pytest

from core.errors import GatewayError
from server.wire_errors import (
    HeadersTooLarge,
    RequestMalformed,
    RequestTooSlow,
    TooManyConnections,
    UrlTooLong,
    raw_answer,
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RequestMalformed(), b"400 Bad Request"),
        (RequestTooSlow(), b"408 Request Timeout"),
        (UrlTooLong(max_kb=8), b"414 "),
        (HeadersTooLarge(max_headers=100, max_kb=16), b"431 Request Header Fields Too Large"),
        (TooManyConnections(retry_after_s=1), b"503 Service Unavailable"),
    ],
)
def test_an_answer_below_asgi_has_the_form_of_all_others(
    error: GatewayError, status: bytes
) -> None:
    head, _, body = raw_answer(error, [(b"accept-language", b"en")]).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert b"\r\ncontent-length: %d\r\n" % len(body) in head
    assert b"\r\nconnection: close" in head
    assert (b"\r\nretry-after: 1" in head) is (error.retry_after_s is not None)
    described = orjson.loads(body)["error"]
    assert described["code"] == error.code
    assert described["request_id"].encode() in head
    assert described["message"].isascii()


def test_it_speaks_the_callers_language() -> None:
    assert "时限" in raw_answer(RequestTooSlow(), []).decode()
