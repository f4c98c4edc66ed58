import ssl
from collections.abc import Mapping
from contextlib import aclosing

import httpx
import structlog

from core.errors import GatewayError
from fetch.addresses import AddressPolicy
from fetch.backend import GuardedBackend
from fetch.deadline import Deadline
from fetch.errors import DnsFailed, FetchFailed, FetchTimeout, UrlForbidden
from fetch.resolver import Resolver, SystemResolver
from fetch.settings import FetchSettings
from fetch.transport import GuardedTransport
from fetch.urls import parse_url, shown

log = structlog.get_logger(__name__)

_ANSWER_BYTES = 4_096  # read and thrown away; whoever says more is cut off


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
        """The HTTP status of the answer.

        Raises UrlInvalid, UrlForbidden, DnsFailed, FetchTimeout, FetchFailed.
        """
        target = parse_url(url, self._ports)
        sent = {"User-Agent": "wxgate", "Connection": "close", **headers}
        request = httpx.Request("POST", target.url, headers=sent, content=body)
        name = shown(target.url)
        try:
            async with Deadline(self._timeout_s):
                return await self._send(request)
        except (TimeoutError, httpx.TimeoutException):
            raise FetchTimeout(url=name, seconds=f"{self._timeout_s:g}") from None
        except httpx.HTTPError as exc:
            raise FetchFailed(url=name, reason=type(exc).__name__) from None
        except (UrlForbidden, DnsFailed) as exc:
            raise type(exc)(url=name) from None
        except GatewayError:
            raise
        except Exception as exc:
            # What a host answers must not end as a fault of ours, whichever library stumbles.
            log.exception("post broke")
            raise FetchFailed(url=name, reason=type(exc).__name__) from None

    async def _send(self, request: httpx.Request) -> int:
        response = await self._transport.handle_async_request(request)
        async with aclosing(response):
            received = 0
            async for chunk in response.aiter_raw():
                received += len(chunk)
                if received > _ANSWER_BYTES:
                    break
        return response.status_code

    async def aclose(self) -> None:
        """Let the resolver's threads go."""
        self._resolver.close()
