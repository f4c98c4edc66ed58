import ssl
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog

from fetch.addresses import AddressPolicy
from fetch.backend import GuardedBackend
from fetch.deadline import Deadline
from fetch.errors import DnsFailed, FetchError, FetchFailed, FetchTimeout, UrlForbidden
from fetch.resolver import Resolver, SystemResolver
from fetch.settings import FetchSettings
from fetch.transport import GuardedTransport
from fetch.urls import parse_url, shown

log = structlog.get_logger(__name__)

_ANSWER_BYTES = 65_536  # whoever says more is cut off
_SENDING = "http11.send_request_headers.started"  # an event of httpcore's trace extension


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered to a post; the names of its headers are lower-case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Poster:
    """Posts to addresses that callers named, under the same guard as pictures are fetched.

    Follows no redirect: it would lead the body elsewhere than its receiver was set up.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        timeout_s: float,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._ports = settings.allow_ports
        self._timeout_s = timeout_s
        self._resolver = resolver or SystemResolver()
        backend = GuardedBackend(AddressPolicy(settings.allow_networks), self._resolver)
        context = ssl_context or httpx.create_ssl_context(trust_env=False)
        self._transport = GuardedTransport(backend, context)

    def check(self, url: str) -> str:
        """`url` in its canonical form. Raises UrlInvalid, UrlForbidden; asks nobody."""
        return parse_url(url, self._ports).url

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The HTTP status of the answer; raises as `ask` does."""
        return (await self.ask(url, body, headers)).status

    async def ask(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer, of its body the first 64 KB.

        Raises UrlInvalid, UrlForbidden, DnsFailed, FetchTimeout, FetchFailed; `sent` of the error
        says whether the host may have acted all the same.
        """
        target = parse_url(url, self._ports)
        sent = {"User-Agent": "wxgate", "Connection": "close", **headers}
        sending = _Sending()
        request = httpx.Request(
            "POST", target.url, headers=sent, content=body, extensions={"trace": sending}
        )
        name = shown(target.url)
        try:
            async with Deadline(self._timeout_s):
                return await self._send(request)
        except Exception as exc:  # noqa: BLE001 - each ends as one of the errors promised
            error = self._error_of(exc, name)
            error.sent = sending.begun
            raise error from None

    def _error_of(self, exc: Exception, name: str) -> FetchError:
        match exc:
            case TimeoutError() | httpx.TimeoutException():
                return FetchTimeout(url=name, seconds=f"{self._timeout_s:g}")
            case UrlForbidden() | DnsFailed():
                return type(exc)(url=name)
            case FetchError():
                return exc
            case httpx.HTTPError():
                return FetchFailed(url=name, reason=type(exc).__name__)
        # What a host answers must not end as a fault of ours, whichever library stumbles.
        log.error("post broke", exc_info=exc)
        return FetchFailed(url=name, reason=type(exc).__name__)

    async def _send(self, request: httpx.Request) -> Answer:
        response = await self._transport.handle_async_request(request)
        received = bytearray()
        async with aclosing(response):
            async for chunk in response.aiter_raw():
                received += chunk
                if len(received) > _ANSWER_BYTES:
                    break
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, bytes(received[:_ANSWER_BYTES]))

    async def aclose(self) -> None:
        """Let the resolver's threads go."""
        self._resolver.close()


class _Sending:
    """Knows whether a request was begun to be sent: until then its host has heard nothing."""

    def __init__(self) -> None:
        self.begun = False

    async def __call__(self, event: str, _info: Any) -> None:
        self.begun = self.begun or event == _SENDING
