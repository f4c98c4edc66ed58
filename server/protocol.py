import asyncio
import functools
from enum import Enum, auto
from typing import Any

import httptools
import uvicorn
from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    HTTPScope,
)
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from core.errors import GatewayError
from server.authority import check_authority
from server.connections import Guard
from server.forward.answer import refusal
from server.wire_errors import (
    HeadersTooLarge,
    NotAProxy,
    RequestMalformed,
    RequestTooSlow,
    TooManyConnections,
    UrlTooLong,
    raw_answer,
)

_MIN_BYTES_PER_S = 10_000  # of bodies and answers, on the average
_BODY_AT_MOST_S = 600
# What may be left of a body that was not wanted, for the connection to be worth keeping.
_SKIPPED_BYTES = 65_536
# After the last answer the caller may send on for so long: closing at once would reset the
# connection, and the answer would be lost on the way.
_LINGER_S = 5
_GOODBYE_S = 0.5  # for who stands idle at the end
# At the end a request may be on its way over a connection that looks idle here.
_LAST_CHANCE_S = 1.0

_VERSIONS = frozenset({"1.0", "1.1"})  # the parser knows 0.9 and 2.0, too


class _Phase(Enum):
    """What of a request is expected next."""

    START = auto()
    HEAD = auto()
    BODY = auto()


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with what that lacks: deadlines, limits, answers in the order asked.

    `check` is called every half second or so; a request costs no timer of its own. Differences
    from uvicorn, each with a test: a malformed request that was pipelined is answered after those
    before it; trailers are no headers; a body that is not wanted ends the connection instead of
    being read; a connection lost ends every request that came over it, not the newest alone.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        guard: Guard,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._guard = guard
        self._place: str | None = None  # at the door
        self._phase = _Phase.START
        self._since = self.loop.time()  # of the phase
        self._head_bytes = 0  # as they came, with the request line
        self._headers_bytes = 0  # of the headers that are complete
        self._body_bytes = 0
        self._running: RequestResponseCycle | None = None  # the one whose answer is next
        self._fault: GatewayError | None = None  # answered when those before it are
        self._closes = False  # after the answer that is under way
        self._lingering = False
        self._stopped = False  # the process: no further request is waited for
        self._stuck_since: float | None = None  # bytes of ours wait to be taken
        self._stuck_bytes = 0
        self._closing_since: float | None = None  # with nothing left to send
        self._checked_at = self._since

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let it in, or turn it away."""
        super().connection_made(transport)
        if self._guard.door.full:
            close_an_idle_one(self.server_state)
        self._place = self._guard.door.enter(self.client[0] if self.client else None)
        if self._place is None:
            self._guard.count(TooManyConnections.code)
            self._fault = TooManyConnections(retry_after_s=1)
            transport.write(raw_answer(self._fault, []))
            transport.close()

    @property
    def idle(self) -> bool:
        """Whether it has been served and asks nothing at the moment."""
        return self._place is not None and self.cycle is not None and not self._busy

    @property
    def _busy(self) -> bool:
        return self._running is not None or self._phase is not _Phase.START

    def give_back_place(self) -> None:
        """Its place at the door is another's from now on."""
        if self._place is not None:
            self._guard.door.leave(self._place)
            self._place = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every request that came over it."""
        self.give_back_place()
        self._unset_keepalive_if_required()
        for cycle in (self._running, *(cycle for cycle, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    # Bytes in

    def data_received(self, data: bytes) -> None:
        """Parse them, unless no more are wanted."""
        if self._lingering or self._fault is not None:
            return
        self._unset_keepalive_if_required()
        if self._phase is _Phase.START:
            self._begin_head()
        if self._phase is _Phase.HEAD:
            self._head_bytes += len(data)
        try:
            self.parser.feed_data(data)
            if self._phase is _Phase.HEAD:
                self._bound_head()
        except httptools.HttpParserUpgrade:
            pass  # HTTP/2 or a web socket: not offered, so the request was answered without
        except httptools.HttpParserError as exc:
            known = exc.__context__
            self._refuse(known if isinstance(known, GatewayError) else RequestMalformed())
        except GatewayError as error:
            self._refuse(error)

    def _begin_head(self) -> None:
        self._phase = _Phase.HEAD
        self._since = self.loop.time()
        self._head_bytes = self._headers_bytes = 0

    def _bound_head(self) -> None:
        """Bounds what the parser gathers before it tells. Raises HeadersTooLarge."""
        settings = self._guard.settings
        if self._head_bytes > (settings.max_header_kb + settings.max_url_kb) * 1024:
            raise self._too_large()

    def _too_large(self) -> HeadersTooLarge:
        settings = self._guard.settings
        return HeadersTooLarge(max_headers=settings.max_headers, max_kb=settings.max_header_kb)

    def on_message_begin(self) -> None:
        """A request line begins."""
        super().on_message_begin()
        self._begin_head()

    def on_url(self, url: bytes) -> None:
        """A piece of the URL. Raises UrlTooLong."""
        super().on_url(url)
        if len(self.url) > self._guard.settings.max_url_kb * 1024:
            raise UrlTooLong(max_kb=self._guard.settings.max_url_kb)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which nobody may take for one. Raises HeadersTooLarge."""
        if self._phase is _Phase.BODY:
            return
        super().on_header(name, value)
        settings = self._guard.settings
        self._headers_bytes += len(name) + len(value) + 4
        if (
            len(self.headers) > settings.max_headers
            or self._headers_bytes > settings.max_header_kb * 1024
        ):
            raise self._too_large()

    def on_headers_complete(self) -> None:
        """Start the request. Raises RequestMalformed, NotAProxy, HostInvalid."""
        if self.parser.get_http_version() not in _VERSIONS:
            raise RequestMalformed
        if not self.url.startswith(b"/"):
            if self.parser.get_method() == b"CONNECT":
                raise NotAProxy
            check_authority(self.url, self.headers)
        self._phase = _Phase.BODY
        self._since = self.loop.time()
        self._body_bytes = 0
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # What follows belongs to the protocol that was asked for, or does not: who knows.
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete; the next may begin."""
        self._phase = _Phase.START
        super().on_message_complete()

    # Answers

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, functools.partial(self._answer, cycle, app))

    async def _answer(
        self,
        cycle: RequestResponseCycle,
        app: ASGI3Application,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
    ) -> None:
        """Run the application, and say so if the connection ends after its answer."""

        async def send_and_say(message: ASGISendEvent) -> None:
            leaving = self._guard.leaving() and not self.pipeline
            ends = leaving or self._leaves_body(cycle)
            if message["type"] == "http.response.start" and ends:
                # uvicorn would close right after the answer, which may get lost on the way then.
                cycle.keep_alive = False
                await send(message)
                cycle.keep_alive = self._closes = True
            else:
                await send(message)

        await app(scope, receive, send_and_say)

    def _leaves_body(self, cycle: RequestResponseCycle) -> bool:
        """Whether the answer comes before a body that is not worth reading to its end."""
        if not cycle.more_body:
            return False
        if cycle.waiting_for_100_continue:
            return True  # whether the body comes now is up to the caller
        lengths = [value for name, value in self.headers if name == b"content-length"]
        return not lengths or int(lengths[0]) - self._body_bytes > _SKIPPED_BYTES

    def on_response_complete(self) -> None:
        """Go on with the next request, or come to an end."""
        self._running = None
        if self._closes or (self._fault is not None and not self.pipeline):
            self.server_state.total_requests += 1
            self._finish()
        else:
            super().on_response_complete()

    # Ends

    def _refuse(self, error: GatewayError) -> None:
        """Answer `error` after those who asked before, and hang up."""
        self._guard.count(error.code)
        self._fault = error
        self.flow.pause_reading()
        if self._phase is _Phase.BODY:
            self._abandon(self.cycle)
        if self._running is None and not self.transport.is_closing():
            self._finish()

    def _abandon(self, cycle: RequestResponseCycle) -> None:
        """The rest of its body will never come."""
        if cycle.response_complete:
            self.transport.close()  # it has its answer
            return
        if self.pipeline and self.pipeline[0][0] is cycle:
            self.pipeline.popleft()  # not begun yet
            return
        cycle.disconnected = True
        cycle.message_event.set()
        self._running = None
        if cycle.response_started:
            self.transport.abort()  # a second answer would be read as the rest of this one

    def _finish(self) -> None:
        """Say what is to be said, and close as soon as the caller has had a chance to read it."""
        self._unset_keepalive_if_required()
        if self.transport.is_closing():
            return
        if self._fault is not None:
            tunnel = isinstance(self._fault, NotAProxy)  # it is shown the status line at most
            told = refusal(self._fault) if tunnel else raw_answer(self._fault, self.headers or [])
            self.transport.write(told)
        self._lingering = True
        if self._stopped:
            self.loop.call_later(_GOODBYE_S, self._part)  # nobody calls `check` any more
        self._since = self.loop.time()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()  # TLS says goodbye by itself, and reads on until it is answered

    def shutdown(self) -> None:
        """Called when the process stops: what is on its way is answered, and nothing more."""
        self._stopped = True
        if self._running is not None:
            self._running.keep_alive = False
        else:
            self.loop.call_later(_LAST_CHANCE_S, self._leave)

    def _leave(self) -> None:
        if self._lingering or not self._busy:
            self._part()
        elif self._running is None:
            self.transport.abort()  # a request that has not come in whole

    def _part(self) -> None:
        """Close it, and wait for no goodbye, as TLS would, once all that was written is taken."""
        if not self.transport.is_closing():
            self.transport.close()
        elif not self.transport.get_write_buffer_size():
            self.transport.abort()
            return
        self.loop.call_later(_GOODBYE_S, self._part)

    def resume_writing(self) -> None:
        """The caller has taken something."""
        self._stuck_since = None
        super().resume_writing()

    def check(self, now: float) -> None:
        """Cut what is overdue. `now` is the loop's time."""
        paused_s = now - self._checked_at if self.flow.read_paused else 0
        self._checked_at = now
        if self._reads_too_slowly(now):
            self._guard.count("answer_not_taken")
            self.transport.abort()
        elif self.transport.is_closing():
            self._check_goodbye(now)
        elif self._lingering:
            if now - self._since > _LINGER_S:
                self.transport.abort()
        elif self._phase is _Phase.BODY:
            self._since += paused_s  # while we do not read, the caller cannot be late
            self._check_body(now - self._since)
        elif self._phase is _Phase.HEAD or self.cycle is None:
            self._check_head(now - self._since)

    def _check_goodbye(self, now: float) -> None:
        """Over TLS the other side says it too: not waited for when nothing is left to send."""
        if self._closing_since is None or self.transport.get_write_buffer_size():
            self._closing_since = now
        elif now - self._closing_since > _LINGER_S:
            self.transport.abort()

    def _check_head(self, took_s: float) -> None:
        if took_s <= self._guard.settings.header_timeout_s or self._running is not None:
            return
        if self._phase is _Phase.HEAD:
            self._refuse(RequestTooSlow())
        else:  # it never began
            self._guard.count("nothing_asked")
            self.transport.close()

    def _check_body(self, took_s: float) -> None:
        earned_s = self._guard.settings.body_timeout_s + self._body_bytes / _MIN_BYTES_PER_S
        if took_s <= min(earned_s, _BODY_AT_MOST_S):
            return
        if self.cycle.response_complete:  # it was not wanted anyway
            self.transport.close()
        else:
            self._refuse(RequestTooSlow())

    def _reads_too_slowly(self, now: float) -> bool:
        waiting = self.transport.get_write_buffer_size()
        if not waiting:
            self._stuck_since = None
            return False
        if self._stuck_since is None:
            self._stuck_since, self._stuck_bytes = now, waiting
        taken = max(0, self._stuck_bytes - waiting)
        earned_s = self._guard.settings.write_timeout_s + taken / _MIN_BYTES_PER_S
        return now - self._stuck_since > earned_s


def close_an_idle_one(state: ServerState) -> None:
    """Make room for a connection by ending one that asks nothing at the moment."""
    for other in state.connections:
        if isinstance(other, GuardedProtocol) and other.idle:
            other.transport.abort()
            other.give_back_place()
            return
