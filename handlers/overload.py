import math
import time
from collections.abc import Container

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.clock import Clock
from core.errors import GatewayError, Text, language_of
from handlers.wechat_form import Headers, refusal
from proxy.request import remember
from wechat.errcodes import Errcodes

log = structlog.get_logger(__name__)

_RETRY_AFTER_S = 1
_TELL_EVERY_S = 1.0
# Kept for operators, who have to see and mend what goes on.
_RESERVED_SHARE = 0.2
_OPERATORS = ("/v1/admin/", "/metrics")
_ALWAYS = "/health"


class Overloaded(GatewayError):
    """As many requests are being worked on as server.max_in_flight allows."""

    status = 503
    code = "overloaded"
    category = "system"
    level = "warning"
    retryable = True
    message = Text("网关正忙", "the gateway is busy")
    hint = Text(
        "按 Retry-After 稍后重试；上限由 server.max_in_flight 决定",
        "try again after Retry-After; the limit is server.max_in_flight",
    )


class InFlight:
    """Turns requests away, quickly, while too many are being worked on.

    A fifth of the places is kept for operators; health checks need none. Who waits for its caller's
    body takes none meanwhile: bodies that do not come need no credential to fill them all.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        at_most: int,
        relay_segments: Container[str],
        errcodes: Errcodes,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._app = app
        self._all = at_most
        self._ordinary = max(1, int(at_most * (1 - _RESERVED_SHARE)))
        self._relay_segments = relay_segments
        self._errcodes = errcodes
        self._monotonic = monotonic
        self._refused = 0  # since the log was last told
        self._told_at = -math.inf
        self.now = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        path = scope.get("path", "")
        if path.startswith(_ALWAYS):
            await self._app(scope, receive, send)
            return
        if self.now >= (self._all if path.startswith(_OPERATORS) else self._ordinary):
            await self._refuse(scope, send)
            return
        self.now += 1
        try:
            await self._app(scope, self._released(receive), send)
        finally:
            self.now -= 1

    def _released(self, receive: Receive) -> Receive:
        """`receive`, which gives the place back for as long as it waits for a piece of the body."""
        coming = True

        async def next_piece() -> Message:
            nonlocal coming
            if not coming:  # nothing but the caller's leaving is waited for
                return await receive()
            self.now -= 1
            try:
                message = await receive()
            finally:
                self.now += 1
            coming = bool(message.get("more_body"))
            return message

        return next_piece

    async def _refuse(self, scope: Scope, send: Send) -> None:
        status, headers, body = self._refusal(scope)
        remember(scope, route=Overloaded.code, quiet="yes")
        self._tell()
        length = (b"content-length", b"%d" % len(body))
        start = {"type": "http.response.start", "status": status, "headers": [*headers, length]}
        await send(start)
        await send({"type": "http.response.body", "body": body})

    def _tell(self) -> None:
        """One line a second for all of them: a line each would cost more than the refusal."""
        self._refused += 1
        if (now := self._monotonic()) - self._told_at >= _TELL_EVERY_S:
            log.warning("requests turned away", count=self._refused, max_in_flight=self._all)
            self._refused, self._told_at = 0, now

    def _refusal(self, scope: Scope) -> tuple[int, Headers, bytes]:
        """In the form that the path's callers understand."""
        error = Overloaded(retry_after_s=_RETRY_AFTER_S)
        request_id = scope["state"]["request_id"]
        headers = dict(scope["headers"])
        if scope["path"][1:].partition("/")[0] in self._relay_segments:
            return refusal(error, headers, request_id, self._errcodes)
        language = language_of(headers.get(b"accept-language", b"").decode("latin-1"))
        said: Headers = [
            (b"content-type", b"application/json"),
            (b"retry-after", b"%d" % _RETRY_AFTER_S),
        ]
        body = orjson.dumps({"error": error.describe(language, request_id)})
        return Overloaded.status, said, body
