import re
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from io import BytesIO

import httpx

from fetch.errors import FetchFailed, FetchRefused, HostBusy, ImageTooLarge, NotAnImage
from fetch.sniff import ImageType, sniff_image
from fetch.transport import GuardedTransport
from fetch.urls import Target, shown

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 503})
_PAUSE_S = 1.0  # where the host wants one and does not say how long
_MAX_PAUSE_S = 300.0
# All that a host learns of us. Bodies come as they are: a gzip bomb has no chance to unfold.
_HEADERS = {
    "Accept": "image/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "Mozilla/5.0 (compatible; wxgate)",
}
_LENGTH = re.compile(r"[0-9]{1,18}")
# Some stores call every file this.
_NAMELESS_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream"})

Claim = Callable[[int], Awaitable[None]]  # takes room for so many bytes


@dataclass(frozen=True, slots=True)
class Fetched:
    """A fetched picture and its type by its first bytes, not by what the host called it."""

    data: bytes
    content_type: ImageType


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where the host sends us, as it wrote it."""

    location: str


class Visits:
    """One request to one host each: what it answers, judged before it is believed."""

    def __init__(self, transport: GuardedTransport, max_bytes: int) -> None:
        self._transport = transport
        self._max_bytes = max_bytes

    async def get(self, target: Target, claim: Claim, *, referer: bool) -> Fetched | Elsewhere:
        """Ask for `target`; with `referer` as if a page of its own site showed it.

        Raises FetchRefused, HostBusy, FetchFailed, ImageTooLarge and NotAnImage.
        """
        headers = {**_HEADERS, "Referer": target.origin + "/"} if referer else _HEADERS
        # Straight to the transport: a client would keep cookies and read the redirect before us.
        request = httpx.Request("GET", target.url, headers=headers)
        response = await self._transport.handle_async_request(request)
        async with aclosing(response):
            if response.status_code in _REDIRECTS:
                return Elsewhere(str(response.headers.get("location", "")))
            _check_status(response, target, referer=referer)
            _check_type(response, target)
            data = await self._read(response, target, claim)
        content_type = sniff_image(data)
        if content_type is None:
            raise NotAnImage(url=shown(target.url), reason="unknown or unsupported format")
        return Fetched(data, content_type)

    async def _read(self, response: httpx.Response, target: Target, claim: Claim) -> bytes:
        limit = self._max_bytes
        size = _declared_bytes(response)
        if size is not None and size > limit:
            raise ImageTooLarge(url=shown(target.url), limit=limit)
        await claim(limit if size is None else size)
        # Gives its bytes away without a copy. Of its full size from the start: one that grows to
        # 20 MB is moved again and again, which holds the loop up and tears holes into the heap.
        data = BytesIO(bytes(size or 0))
        async for chunk in response.aiter_raw():
            data.write(chunk)
            if data.tell() > limit:
                raise ImageTooLarge(url=shown(target.url), limit=limit)
        data.truncate()
        return data.getvalue()


def _declared_bytes(response: httpx.Response) -> int | None:
    """The length of the body; None if it is known only at its end."""
    length = response.headers.get("content-length", "")
    if "transfer-encoding" in response.headers or not _LENGTH.fullmatch(length):
        return None
    return int(length)


def _check_status(response: httpx.Response, target: Target, *, referer: bool) -> None:
    status = response.status_code
    if status in _BUSY:
        raise HostBusy(url=shown(target.url), retry_after_s=_asked_pause_s(response))
    if 400 <= status < 500:
        tried = (
            ("，带图床自己的 Referer 也一样", ", with its own Referer too") if referer else ("", "")
        )
        raise FetchRefused(url=shown(target.url), http=status, tried=tried[0], tried_en=tried[1])
    if status != 200:
        raise FetchFailed(url=shown(target.url), reason=f"HTTP {status}")


def _check_type(response: httpx.Response, target: Target) -> None:
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise FetchFailed(url=shown(target.url), reason="compressed although not asked for")
    content_type = response.headers.get("content-type", "").strip().lower()
    plain = content_type.partition(";")[0].strip()
    if "," in content_type or not (plain.startswith("image/") or plain in _NAMELESS_TYPES):
        raise NotAnImage(url=shown(target.url), reason="its Content-Type is not an image's")


def _asked_pause_s(response: httpx.Response) -> float:
    """The pause that Retry-After asks for, in seconds or until a date by the host's own clock."""
    asked = response.headers.get("retry-after", "").strip()
    if _LENGTH.fullmatch(asked):
        return min(float(asked), _MAX_PAUSE_S) or _PAUSE_S
    try:
        until = parsedate_to_datetime(asked)
        now = parsedate_to_datetime(response.headers.get("date", ""))
        pause_s = (until - now).total_seconds()
    except (ValueError, TypeError):  # no date, or one without its zone
        return _PAUSE_S
    return min(max(pause_s, _PAUSE_S), _MAX_PAUSE_S)
