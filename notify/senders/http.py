"""How senders talk HTTP: what came of it is an answer, or one of the two ends of an attempt."""

import json
import re
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from core.secret import redact
from fetch.errors import FetchError, UrlForbidden, UrlInvalid
from fetch.post import Answer
from notify.sender import DeliveryUnknown, NotDelivered

JSON_TYPE = {"Content-Type": "application/json; charset=utf-8"}

_SAID_CHARS = 200
_BUSY, _UNAVAILABLE, _BROKEN = 429, 503, 500
_OK = range(200, 300)
_PUBLIC_ONLY = (
    "只能连公网的 80/443 端口，用 fetch.allow_networks、allow_ports 放行 / public hosts on ports "
    "80/443 alone; fetch.allow_networks and allow_ports open more"
)
_MAX_PAUSE_S = 3_600.0
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Asks(Protocol):
    """Posts to an address and tells the answer; `fetch.post` does, under its guard."""

    async def ask(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer. Raises a FetchError, whose `sent` says whether it may have arrived."""
        ...


async def post(asks: Asks, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """The answer of the host. Raises NotDelivered, DeliveryUnknown.

    Of the address its host alone is told: path and query may hold a credential.
    """
    try:
        return await asks.ask(url, body, headers)
    except FetchError as exc:
        reason = f"{exc.code}: {urlsplit(url).hostname}"
        if exc.sent:
            raise DeliveryUnknown(reason) from None
        final = isinstance(exc, UrlInvalid | UrlForbidden)
        if isinstance(exc, UrlForbidden):
            reason += f" ({_PUBLIC_ONLY})"
        raise NotDelivered(reason, final=final) from None


async def post_json(
    asks: Asks, url: str, said: Mapping[str, Any], headers: Mapping[str, str] = JSON_TYPE
) -> Answer:
    """`post` of a JSON object."""
    return await post(asks, url, encoded(said), headers)


def encoded(said: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8 as providers count it: other scripts are not escaped."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def json_of(answer: Answer) -> dict[str, Any]:
    """The JSON object that the host answered, whatever its HTTP status.

    Raises what `check_status` does where there is none; DeliveryUnknown if it said "done" in words
    that are not JSON, as a proxy in between does.
    """
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict):
        return told
    check_status(answer)
    raise DeliveryUnknown(f"HTTP {answer.status}, no JSON")


def check_status(answer: Answer) -> None:
    """Raise NotDelivered or DeliveryUnknown unless the status says that all is well.

    Who refuses (4xx) or has no time (503) has done nothing; who breaks (5xx) may have.
    """
    status = answer.status
    if status in _OK:
        return
    reason = f"HTTP {status}"
    if status in (_BUSY, _UNAVAILABLE):
        raise NotDelivered(reason, retry_after_s=_pause_s(answer))
    if status >= _BROKEN:
        raise DeliveryUnknown(reason)
    raise NotDelivered(reason, final=True)


def _pause_s(answer: Answer) -> float:
    said = answer.headers.get("retry-after", "")
    return min(float(said), _MAX_PAUSE_S) if re.fullmatch("[0-9]{1,9}", said) else 0.0


def told_by(said: object) -> str:
    """What a provider said, as it may be kept: one line, short, without credentials."""
    return redact(_UNPRINTABLE.sub(" ", str(said)))[:_SAID_CHARS].strip()
