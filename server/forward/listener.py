import asyncio
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from accounts.clients import Credential
from core.errors import GatewayError
from core.tasks import TaskSet
from proxy.auth import Authenticator
from server.connections import ConnectionSettings, Door
from server.forward.answer import refusal
from server.forward.request import ConnectRequest, Head, read_connect
from server.wire_errors import RequestTooSlow, TooManyConnections

log = structlog.get_logger(__name__)

_LINGER_S = 5  # for a refusal to be read: closing at once could lose it on the way
_MOST_OUTSIDE = 50  # who have no place and read why; each is a file that the door does not count


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who has been let in, and where to."""

    host: str
    credential: Credential
    peer: str | None
    leave: Callable[[], None]  # gives the place at the door back; once is enough


class Way(Protocol):
    """What lies behind the door."""

    async def open(self, transport: asyncio.Transport, visitor: Visitor) -> None:
        """Answer that the way is open, and take the connection over.

        Raises a GatewayError before it has answered; an OSError ends the connection.
        """
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What the connections of one listener share."""

    settings: ConnectionSettings
    hosts: Container[str]
    authenticator: Authenticator
    way: Way
    door: Door
    make_room: Callable[[], None]  # called when the door is full
    count: Callable[[str], None]  # counts a connection that was refused, by the reason
    tasks: TaskSet
    waiting: set["Connecting"] = field(default_factory=set)  # not let in, or not yet
    outside: set["Connecting"] = field(default_factory=set)  # those of them who have no place

    async def close(self) -> None:
        """End every connection that has not gone its way."""
        for connection in list(self.waiting):
            connection.abort()
        await self.tasks.aclose()
        await asyncio.sleep(0)  # the sockets of what was aborted are closed in the next round


class Connecting(asyncio.Protocol):
    """A connection until it is known who wants where: at most one CONNECT, within a deadline."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._loop = asyncio.get_running_loop()
        settings = desk.settings
        self._head = Head(max_kb=settings.max_header_kb, max_headers=settings.max_headers)
        self._place: str | None = None
        self._decided = False
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None
        self._peer: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let it in, or turn it away."""
        self._transport = transport
        self._desk.waiting.add(self)
        name = transport.get_extra_info("peername")
        self._peer = name[0] if name else None
        if self._desk.door.full:
            self._desk.make_room()
        self._place = self._desk.door.enter(self._peer)
        if self._place is None:
            self._turn_away()
            return
        self._alarm(self._desk.settings.header_timeout_s, self._late)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Nobody is there any more."""
        self._desk.waiting.discard(self)
        self._desk.outside.discard(self)
        self._quiet()
        self._leave()

    def data_received(self, data: bytes) -> None:
        """A piece of the head."""
        if self._decided:
            return
        try:
            lines = self._head.feed(data)
            if lines is not None:
                self._admit(read_connect(lines, self._desk.hosts))
        except GatewayError as error:
            self._refuse(error)

    def _admit(self, asked: ConnectRequest) -> None:
        desk = self._desk
        credential = desk.authenticator.vouched(asked.client_id, asked.key, self._peer)
        self._decided = True
        self._quiet()
        self._transport.pause_reading()
        visitor = Visitor(asked.host, credential, self._peer, self._leave)
        desk.tasks.start(self._go_in(visitor), name="forward")

    async def _go_in(self, visitor: Visitor) -> None:
        who, host = visitor.credential.client.id, visitor.host
        try:
            await self._desk.way.open(self._transport, visitor)
        except GatewayError as error:
            self._refuse(error)
        except OSError as exc:  # an ssl.SSLError is one
            self._desk.count("forward_handshake")
            log.info("forward connection failed", client=who, host=host, reason=str(exc))
            self._give_up()
        except BaseException:
            self._give_up()
            raise
        else:
            self._desk.waiting.discard(self)
            log.info("forward connection", client=who, host=host)

    def abort(self) -> None:
        """End it at once."""
        self._decided = True
        self._transport.abort()

    def _late(self) -> None:
        self._refuse(RequestTooSlow())

    def _give_up(self) -> None:
        self._transport.abort()
        self._desk.waiting.discard(self)  # another protocol may be told of the connection's end
        self._leave()

    def _turn_away(self) -> None:
        """Say so as long as few are told so; else strangers could take every file there is."""
        if len(self._desk.outside) >= _MOST_OUTSIDE:
            self._desk.count(TooManyConnections.code)
            self.abort()
            return
        self._desk.outside.add(self)
        self._refuse(TooManyConnections(retry_after_s=1))

    def _refuse(self, error: GatewayError) -> None:
        self._decided = True
        self._desk.count(error.code)
        # Most tools show the status at most; whoever runs the gateway finds the reason here.
        log.info("forward refused", code=error.code, peer=self._peer)
        if self._transport.is_closing():
            return
        self._transport.write(refusal(error))
        self._transport.write_eof()
        self._transport.resume_reading()
        self._alarm(_LINGER_S, self._transport.abort)

    def _alarm(self, after_s: float, ring: Callable[[], None]) -> None:
        self._quiet()
        self._timer = self._loop.call_later(after_s, ring)

    def _quiet(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _leave(self) -> None:
        if self._place is not None:
            self._desk.door.leave(self._place)
            self._place = None
