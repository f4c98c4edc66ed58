import os
import re
import time
from typing import Any, Protocol

import structlog
from prometheus_client import Counter, Histogram
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cache.call_stats import CallStats, Labels
from core.metrics import Metrics
from core.secret import redact

log = structlog.get_logger(__name__)

_RANDOM_BYTES = 13  # as many characters as core.ids makes, which cost ten times as much
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_-]{8,64}")
# Probes and scrapers call every few seconds: their lines would drown the others.
_QUIET = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})


class CountsCalls(Protocol):
    """Hears of each call that was answered; `cache.call_stats` does."""

    def record(self, labels: Labels, seconds: float, error: str = "") -> None:
        """A call; `error` is whose it was and its category, as "wechat.auth"."""
        ...


class AccessMiddleware:
    """Outermost: gives each request its id, writes one access line, counts and times it.

    The line has the path without its query, which may hold secrets. What the inner layers learn
    (`client_id`, `account`, `route`) they leave in `scope["state"]`.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, calls: CountsCalls | None = None) -> None:
        self._app = app
        self._metrics = metrics
        self._known: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._calls: CountsCalls = calls or CallStats()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        request_id = state["request_id"] = _request_id(scope)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        answer = _Answer(send, request_id)
        try:
            await self._app(scope, receive, answer.send)
        except Exception:
            log.exception("request failed")
            if not answer.status:
                raise  # the server then closes the connection with a bare 500
        finally:
            self._record(scope, answer, time.perf_counter() - started)

    def _record(self, scope: Scope, answer: "_Answer", seconds: float) -> None:
        state = scope["state"]
        route = state.get("route") or _pattern(scope)
        status = answer.status or 499  # nginx's number for a caller that went away
        count, observe = self._counters(route, status)
        count.inc()
        observe.observe(seconds)
        if source := state.get("error_source"):
            self._metrics.errors.labels(source, state["error_category"]).inc()
        if "quiet" in state or (scope["path"] in _QUIET and status < 400):
            return
        whose = Labels(route, state.get("client_id") or "", state.get("account") or "")
        self._calls.record(whose, seconds, f"{source}.{state['error_category']}" if source else "")
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 1),
            bytes=answer.sent_bytes,
            client=state.get("client_id"),
            account=state.get("account"),
            **({"tool": state["tool"]} if "tool" in state else {}),  # of MCP
        )

    def _counters(self, route: str, status: int) -> tuple[Counter, Histogram]:
        """Those of both labels, which cost much to look up; routes and statuses are few."""
        found = self._known.get((route, status))
        if found is None:
            found = self._known[route, status] = (
                self._metrics.requests.labels(route, status),
                self._metrics.request_seconds.labels(route),
            )
        return found


class _Answer:
    """Watches the answer go by: its status and size; adds X-Request-Id where it is missing."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._header = (b"x-request-id", request_id.encode("ascii"))
        self.status = 0
        self.sent_bytes = 0

    async def send(self, message: Message) -> None:
        """Pass one message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            if not any(name == b"x-request-id" for name, _ in headers):
                message["headers"] = [*headers, self._header]
        elif message["type"] == "http.response.body":
            self.sent_bytes += len(message.get("body", b""))
        await self._send(message)


def _pattern(scope: Scope) -> str:
    """The pattern of the route that answered: a bounded set, unlike the paths."""
    route = scope.get("route")
    return scope.get("root_path", "") + route.path if isinstance(route, Route) else "unmatched"


def _request_id(scope: Scope) -> str:
    """The caller's X-Request-Id where it is harmless, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            said = str(value.decode("ascii"))
            if redact(said) == said:  # nobody else looks through it
                return said
    return f"req_{os.urandom(_RANDOM_BYTES).hex()}"
