from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import structlog

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger(__name__)

_EXPOSED = (
    b"X-Request-Id, X-Wxgate-Account, X-Wxgate-Cache, X-Wxgate-Quota-Remaining, X-Wxgate-Error, "
    b"X-Wxgate-Enhance, X-Wxgate-Lint, "
    b"RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, RateLimit-Policy, Retry-After, Age"
)
_ALLOWED = (
    b"Authorization, X-Api-Key, X-Wxgate-Account, X-Wxgate-Timeout, X-Wxgate-Enhance, "
    b"Cache-Control, Content-Type, Accept, Accept-Language"
)
# The question before a call that a form could not make.
# And Chromium's, before a page of the internet reaches a host of the local network.
_ASKS = b"access-control-request-method"
_ASKS_PRIVATE = b"access-control-request-private-network"
_PRIVATE = (b"access-control-allow-private-network", b"true")
_ORIGIN_CHARS = 100  # in the log
_VARY = (b"vary", b"Origin")


class Cors:
    """Lets browser tools of the named origins call `app`; answers their preflights itself.

    Nothing is allowed with cookies: callers bring a token, which a page has only if it was given.
    Held against doocs/md (apps/web/src/utils/file.ts, packages/shared/src/utils/fetch.ts): POST,
    JSON with Content-Type, or a form, which asks for no preflight; the token in the query.
    """

    def __init__(self, app: ASGIApp, origins: Iterable[str], headers: Iterable[str] = ()) -> None:
        """`headers` are those that `app` takes beside what every call may have."""
        self._app = app
        self._origins = frozenset(origin.encode("latin-1") for origin in origins)
        allowed = b", ".join((_ALLOWED, *(name.encode("latin-1") for name in headers)))
        self._preflight = [
            (b"access-control-allow-methods", b"GET, POST"),
            (b"access-control-allow-headers", allowed),
            (b"access-control-max-age", b"600"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"")
        allowed = origin in self._origins
        ours = _answer_to(origin) if allowed else [_VARY]
        if not allowed and _ASKS in headers:
            # The browser shows its user no word of ours: only the log can say why.
            log.info("origin not listed", origin=origin.decode("latin-1")[:_ORIGIN_CHARS])
        if allowed and scope["method"] == "OPTIONS" and _ASKS in headers:
            private = [_PRIVATE] if headers.get(_ASKS_PRIVATE) == b"true" else []
            said = [*ours, *self._preflight, *private]
            await send({"type": "http.response.start", "status": 204, "headers": said})
            await send({"type": "http.response.body"})
            return

        async def send_with_ours(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *ours]
            await send(message)

        await self._app(scope, receive, send_with_ours)


def _answer_to(origin: bytes) -> list[tuple[bytes, bytes]]:
    return [
        _VARY,
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _EXPOSED),
    ]
