from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_EXPOSED = (
    b"X-Request-Id, X-Wxgate-Account, X-Wxgate-Cache, X-Wxgate-Quota-Remaining, X-Wxgate-Error, "
    b"X-Wxgate-Enhance, X-Wxgate-Lint, "
    b"RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, RateLimit-Policy, Retry-After, Age"
)
_ALLOWED = (
    b"Authorization, X-Api-Key, X-Wxgate-Account, X-Wxgate-Timeout, X-Wxgate-Enhance, "
    b"Cache-Control, Content-Type, Accept, Accept-Language"
)
_PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", _ALLOWED),
    (b"access-control-max-age", b"600"),
]


class Cors:
    """Lets browser tools of the named origins call `app`; answers their preflights itself."""

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        self._app = app
        self._origins = frozenset(origin.encode("latin-1") for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = dict(scope.get("headers", ()))
        origin = headers.get(b"origin", b"")
        if scope["type"] != "http" or origin not in self._origins:
            await self._app(scope, receive, send)
            return
        ours = [
            (b"vary", b"Origin"),
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", _EXPOSED),
        ]
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await send(
                {"type": "http.response.start", "status": 204, "headers": [*ours, *_PREFLIGHT]}
            )
            await send({"type": "http.response.body"})
            return

        async def send_with_ours(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *ours]
            await send(message)

        await self._app(scope, receive, send_with_ours)
