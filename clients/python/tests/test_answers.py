import httpx
import pytest
from wxgate_client import answers


@pytest.mark.parametrize(
    ("status", "header", "tried", "pause_s"),
    [
        (429, "2", 1, 2.0),
        (503, "30", 4, 30.0),
        (429, "2", 5, None),
        (429, "61", 1, None),
        (429, "-1", 1, None),
        (429, "nan", 1, None),
        (429, "Wed, 21 Oct 2026 07:28:00 GMT", 1, None),
        (429, None, 1, None),
        (500, "2", 1, None),
        (200, "2", 1, None),
    ],
)
def test_only_who_is_told_when_comes_again(
    status: int, header: str | None, tried: int, pause_s: float | None
) -> None:
    headers = {} if header is None else {"Retry-After": header}
    assert answers.pause_s(httpx.Response(status, headers=headers), tried) == pause_s


def test_an_answer_without_a_body_is_an_empty_one() -> None:
    assert answers.read(httpx.Response(204)) == {}


def test_what_was_signed_too_early_is_signed_again() -> None:
    stale = httpx.Response(401, json={"error": {"code": "auth_stale"}})
    assert (answers.pause_s(stale, 1), answers.pause_s(stale, 5)) == (1.0, None)
    wrong = httpx.Response(401, json={"error": {"code": "auth_invalid"}})
    assert answers.pause_s(wrong, 1) is None


@pytest.mark.parametrize(
    ("exc", "said"),
    [
        (httpx.ConnectError("[Errno -2] Name or service not known"), "Name or service not known"),
        (httpx.ConnectError("[SSL: X] certificate verify failed (_ssl.c:1016)"), "verify failed"),
        (httpx.ConnectError(""), "ConnectError"),
        (httpx.ReadTimeout("any"), "ReadTimeout"),
    ],
)
def test_why_no_gateway_was_reached_is_told(exc: httpx.TransportError, said: str) -> None:
    assert answers.why(exc).endswith(said)
