import orjson
import pytest

from core.errors import GatewayError
from proxy.auth import IpNotAllowed, KeyWrong
from proxy.lockout import TooManyFailures
from server.forward.answer import refusal
from server.forward.request import HostNotWeChats, OnlyConnect


def parts(error: GatewayError) -> tuple[str, dict[str, str], dict[str, str]]:
    head, _, body = refusal(error).partition(b"\r\n\r\n")
    line, *headers = head.decode("ascii").split("\r\n")
    found = dict(header.split(": ", 1) for header in headers)
    assert int(found["content-length"]) == len(body)
    return line, found, orjson.loads(body)["error"]


def test_a_wrong_key_is_407_with_a_hint_in_both_languages() -> None:
    line, headers, error = parts(KeyWrong())
    assert line == (
        "HTTP/1.1 407 Proxy Authentication Required (wxgate: the client key is wrong -> "
        "wxgate wants its own client key (wxg_...) here, not the account's AppSecret)"
    )
    assert headers["proxy-authenticate"].startswith("Basic ")
    assert "AppSecret" in error["hint"]
    assert "客户端密钥" in error["hint"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (IpNotAllowed(ip="10.0.0.1", client="blog"), 403),
        (TooManyFailures(retry_after_s=9), 429),
        (OnlyConnect(), 405),
    ],
)
def test_other_refusals_keep_their_status(error: GatewayError, status: int) -> None:
    line, headers, _ = parts(error)
    assert line.startswith(f"HTTP/1.1 {status} ")
    assert "proxy-authenticate" not in headers
    assert headers.get("retry-after") == ("9" if status == 429 else None)
    assert headers.get("allow") == ("CONNECT" if status == 405 else None)


def test_a_callers_text_makes_no_header() -> None:
    line, headers, _ = parts(HostNotWeChats(host="a\r\nSet-Cookie: x=1\r\n微信" + "b" * 500))
    assert "set-cookie" not in {name.lower() for name in headers}
    assert len(line) < 400
