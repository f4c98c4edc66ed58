import math
from typing import Any

import orjson

from core.errors import GatewayError, Language, language_of
from proxy.advice import error_header
from proxy.auth import AuthAmbiguous, IpNotAllowed, KeyInUrl
from proxy.body import BodyInvalid
from proxy.deadline import TimeoutInvalid
from proxy.misplaced import CredentialMisplaced
from proxy.request import HeaderNotAscii, HeaderTwice
from proxy.routing import PathInvalid, PathUnknown
from proxy.signature import is_signed
from wechat.errcodes import DAILY_QUOTA, Errcodes

# Not WeChat's kind of failure: no tool written for WeChat waits for an errcode here.
_ALWAYS_REAL = (
    *(AuthAmbiguous, BodyInvalid, HeaderNotAscii, HeaderTwice),
    *(CredentialMisplaced, KeyInUrl, PathInvalid, PathUnknown, TimeoutInvalid),
)

Headers = list[tuple[bytes, bytes]]


def shows_key_header(headers: dict[bytes, bytes]) -> bool:
    """Whether the headers show a client key, or its signature; Basic is some proxy's before us."""
    return (
        headers.get(b"authorization", b"")[:7].lower() == b"bearer "
        or b"x-api-key" in headers
        or is_signed(headers)
    )


def wants_real_status(headers: dict[bytes, bytes]) -> bool:
    """Whether the caller understands HTTP statuses: it has a key, or asks for problem+json."""
    return shows_key_header(headers) or b"application/problem+json" in headers.get(b"accept", b"")


def language_of_headers(headers: dict[bytes, bytes]) -> Language:
    """The language that the caller's Accept-Language asks for."""
    return language_of(headers.get(b"accept-language", b"").decode("latin-1"))


def refusal(
    error: GatewayError, headers: dict[bytes, bytes], request_id: str, errcodes: Errcodes
) -> tuple[int, Headers, bytes]:
    """Status, headers and body of a refusal of ours in WeChat's shape (contract §3).

    HTTP 200 for tools that know WeChat alone, the real status for those that know better.
    """
    language = language_of_headers(headers)
    told = error.describe(language, request_id)
    errcode = error.upstream["errcode"] if error.upstream else error.errcode
    body: dict[str, Any] = {
        "errcode": errcode,
        # The hint too: the errmsg is all that most tools show.
        "errmsg": f"wxgate: {told['message']} → {told['hint']}",
        "error": told,
    }
    real = isinstance(error, _ALWAYS_REAL) or wants_real_status(headers)
    sent: Headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"x-wxgate-error", _header(error, errcodes).encode()),
    ]
    if real and error.retry_after_s is not None:
        sent.append((b"retry-after", str(math.ceil(error.retry_after_s)).encode()))
    return error.status if real else 200, sent, orjson.dumps(body, default=str)


def _header(error: GatewayError, errcodes: Errcodes) -> str:
    if error.upstream:
        return error_header(errcodes, error.upstream["errcode"], error.upstream["errmsg"])
    if isinstance(error, IpNotAllowed):
        action = "whitelist_ip"
    elif error.category == "permission":
        action = "grant_permission"
    elif error.errcode == DAILY_QUOTA:
        action = "wait_quota"
    else:
        action = "retry_backoff" if error.retryable else "fix_request"
    retryable = "true" if error.retryable else "false"
    return f"{error.category}; source=wxgate; action={action}; retryable={retryable}"
