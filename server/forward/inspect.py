import asyncio
from collections.abc import Callable
from typing import Any

from server.forward.answer import ESTABLISHED
from server.forward.authority import Authority
from server.forward.listener import Visitor

# Within it what was written must be taken, and TLS be ended by both sides. The protocol cuts
# those earlier who take nothing, or have all and say nothing.
_GOODBYE_S = 60

# Makes what speaks HTTP on a connection, given the state of each of its requests.
Speak = Callable[[dict[str, Any]], asyncio.Protocol]


class Inspection:
    """Ends TLS here, as the host that was asked for; what is said inside goes to the relay."""

    def __init__(self, authority: Authority, speak: Speak, *, handshake_s: float) -> None:
        self._authority = authority
        self._speak = speak
        self._handshake_s = handshake_s

    async def open(self, transport: asyncio.Transport, visitor: Visitor) -> None:
        """Shake hands, then speak HTTP for the visitor. Raises OSError."""
        context = self._authority.context(visitor.host)
        early = _Early()
        # Nothing is awaited between the answer and TLS: no byte of it is missed.
        transport.write(ESTABLISHED)
        tls = await asyncio.get_running_loop().start_tls(
            transport,
            early,
            context,
            server_side=True,
            ssl_handshake_timeout=self._handshake_s,
            ssl_shutdown_timeout=_GOODBYE_S,
        )
        visitor.leave()  # the protocol takes a place of its own
        if tls is None or early.is_lost:
            return
        state = {"proxied_for": visitor.credential, "connect_host": visitor.host}
        protocol = self._speak(state)
        tls.set_protocol(protocol)
        protocol.connection_made(tls)
        early.hand_over(protocol)


class _Early(asyncio.Protocol):
    """Takes what comes in the moment between the handshake and the protocol."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._is_at_end = False
        self.is_lost = False

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)

    def eof_received(self) -> None:
        self._is_at_end = True

    def connection_lost(self, _exc: Exception | None) -> None:
        self.is_lost = True

    def hand_over(self, protocol: asyncio.Protocol) -> None:
        for piece in self._pieces:
            protocol.data_received(piece)
        if self._is_at_end:
            protocol.eof_received()
