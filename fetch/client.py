import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol

import httpx
import structlog

from core.errors import GatewayError
from fetch.addresses import AddressPolicy
from fetch.backend import GuardedBackend
from fetch.errors import (
    DnsFailed,
    FetchFailed,
    FetchRefused,
    FetchTimeout,
    ImageTooLarge,
    NotAnImage,
    RedirectForbidden,
    TooManyRedirects,
    UrlForbidden,
    UrlInvalid,
)
from fetch.resolver import Resolver, SystemResolver
from fetch.settings import FetchSettings
from fetch.sniff import ImageType, sniff_image
from fetch.transport import GuardedTransport
from fetch.urls import Target, parse_url, shown

log = structlog.get_logger(__name__)

_MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
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


@dataclass(frozen=True, slots=True)
class Fetched:
    """A fetched picture and its type by its first bytes, not by what the host called it."""

    data: bytes
    content_type: ImageType


class Room(Protocol):
    """Where the bytes of a picture will be."""

    async def take(self, size: int) -> None:
        """Wait until there is room for `size` bytes."""
        ...


_Claim = Callable[[int], Awaitable[None]]


class Fetcher:
    """Fetches pictures from hosts that nobody trusts.

    Guarded in its addresses, ports, redirects, bytes and time; keeps no connection and no cookie,
    reads no proxy from the environment.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._resolver = resolver or SystemResolver()
        backend = GuardedBackend(AddressPolicy(settings.allow_networks), self._resolver)
        context = ssl_context or httpx.create_ssl_context(trust_env=False)
        self._transport = GuardedTransport(backend, context)

    async def fetch_image(self, url: str, room: Room | None = None) -> Fetched:
        """The picture at `url`; raises the errors of fetch/errors.py and no others.

        Takes `room` before it reads the body: as much as the host says, else the largest there may
        be. Waiting for it is not counted as the host's time.
        """
        target = parse_url(url, self._settings.allow_ports)
        try:
            async with asyncio.timeout(self._settings.timeout_s) as deadline:
                return await self._follow(target, _claim(room, deadline))
        except (TimeoutError, httpx.TimeoutException):
            seconds = f"{self._settings.timeout_s:g}"
            raise FetchTimeout(url=shown(url), seconds=seconds) from None
        except httpx.HTTPError as exc:
            raise FetchFailed(url=shown(url), reason=type(exc).__name__) from None
        except GatewayError:
            raise
        except Exception as exc:
            # What a host answers must not end as a fault of ours, whichever library stumbles.
            log.exception("fetch broke")
            raise FetchFailed(url=shown(url), reason=type(exc).__name__) from None

    async def aclose(self) -> None:
        """Let the resolver's threads go."""
        self._resolver.close()

    async def _follow(self, target: Target, claim: _Claim) -> Fetched:
        for hop in range(_MAX_REDIRECTS + 1):
            try:
                found = await self._get(target, claim)
            except (UrlForbidden, DnsFailed) as exc:
                if hop:
                    raise RedirectForbidden(url=shown(target.url)) from None
                raise type(exc)(url=shown(target.url)) from None
            if isinstance(found, Fetched):
                return found
            target = self._redirected(target, found)
        raise TooManyRedirects(url=shown(target.url))

    def _redirected(self, target: Target, location: str) -> Target:
        try:
            following = parse_url(target.join(location), self._settings.allow_ports)
        except (UrlInvalid, UrlForbidden, ValueError):
            raise RedirectForbidden(url=shown(target.url)) from None
        if target.scheme == "https" and following.scheme == "http":
            raise RedirectForbidden(url=shown(target.url))
        return following

    async def _get(self, target: Target, claim: _Claim) -> Fetched | str:
        """The picture, or where the host sends us."""
        # Straight to the transport: a client would keep cookies and read the redirect before us.
        request = httpx.Request("GET", target.url, headers=_HEADERS)
        response = await self._transport.handle_async_request(request)
        async with aclosing(response):
            if response.status_code in _REDIRECTS:
                return str(response.headers.get("location", ""))
            _check_head(response, target)
            data = await self._read(response, target, claim)
        content_type = sniff_image(data)
        if content_type is None:
            raise NotAnImage(url=shown(target.url), reason="unknown or unsupported format")
        return Fetched(data, content_type)

    async def _read(self, response: httpx.Response, target: Target, claim: _Claim) -> bytes:
        limit = self._settings.max_bytes
        size = _declared_bytes(response)
        if size is not None and size > limit:
            raise ImageTooLarge(url=shown(target.url), limit=limit)
        await claim(limit if size is None else size)
        data = BytesIO()  # gives its bytes away without a copy
        async for chunk in response.aiter_raw():
            data.write(chunk)
            if data.tell() > limit:
                raise ImageTooLarge(url=shown(target.url), limit=limit)
        return data.getvalue()


def _claim(room: Room | None, deadline: asyncio.Timeout) -> _Claim:
    """How a fetch takes its room: the deadline stands still meanwhile."""

    async def claim(size: int) -> None:
        if room is None:
            return
        loop = asyncio.get_running_loop()
        left_s = (deadline.when() or 0) - loop.time()
        deadline.reschedule(None)
        await room.take(size)
        deadline.reschedule(loop.time() + left_s)

    return claim


def _declared_bytes(response: httpx.Response) -> int | None:
    """The length of the body; None if it is known only at its end."""
    length = response.headers.get("content-length", "")
    if "transfer-encoding" in response.headers or not _LENGTH.fullmatch(length):
        return None
    return int(length)


def _check_head(response: httpx.Response, target: Target) -> None:
    status = response.status_code
    if 400 <= status < 500:
        raise FetchRefused(url=shown(target.url), http=status)
    if status != 200:
        raise FetchFailed(url=shown(target.url), reason=f"HTTP {status}")
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise FetchFailed(url=shown(target.url), reason="compressed although not asked for")
    content_type = response.headers.get("content-type", "").strip().lower()
    plain = content_type.partition(";")[0].strip()
    if "," in content_type or not (plain.startswith("image/") or plain in _NAMELESS_TYPES):
        raise NotAnImage(url=shown(target.url), reason="its Content-Type is not an image's")
