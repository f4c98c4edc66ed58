"""What the gateway's answers mean, whoever received them."""

from typing import Any

import httpx

from wxgate_client.errors import Refused, Unreachable

_TURNED_AWAY = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
# Signed in the second in which the gateway began: it is to be signed again.
_STALE = b'"auth_stale"'
_TIMES = 5  # that one call is turned away before it is given up
_LONGEST_S = 60.0  # a quota that opens tomorrow is not waited for


def why(exc: httpx.TransportError) -> str:
    """Why no gateway was reached, such as a name that nobody knows or a wrong certificate."""
    reason = str(exc).partition(" (_ssl.c")[0] if isinstance(exc, httpx.ConnectError) else ""
    return reason or type(exc).__name__


def pause_s(response: httpx.Response, tried: int) -> float | None:
    """How long to wait before the call is sent again; None: this answer is the answer.

    Nothing was done for a call that is turned away, so that it can be sent again whatever it is.
    """
    if response.status_code == httpx.codes.UNAUTHORIZED and _STALE in response.content:
        return 1.0 if tried < _TIMES else None
    if response.status_code not in _TURNED_AWAY or tried >= _TIMES:
        return None
    try:
        wanted = float(response.headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return wanted if 0 <= wanted <= _LONGEST_S else None


def read(response: httpx.Response) -> dict[str, Any]:
    """The answer. Raises Refused, and Unreachable for what no gateway says."""
    if response.is_success and not response.content:
        return {}
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Unreachable(f"HTTP {response.status_code}, no JSON")
    if not response.is_success:
        status = response.status_code
        raise Refused(body.get("error") or {"code": f"http_{status}"}, status=status)
    return body


def the_account(listed: dict[str, Any]) -> str:
    """The account that is meant when none is named. Raises Refused if there are several."""
    if not listed["default"]:
        names = ", ".join(account["name"] for account in listed["items"])
        raise Refused(
            {
                "code": "account_not_named",
                "message": "该密钥可用多个公众号 / the key may use several accounts",
                "hint": f"用 --account 指定一个 / name one by --account: {names}",
            }
        )
    return str(listed["default"])
