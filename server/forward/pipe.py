import asyncio
import socket
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from server.forward.answer import ESTABLISHED

_GOODBYE_S = 5  # for what was taken to be handed on
_LOOK_S = 5

Ended: TypeAlias = "Callable[[Pipe], None]"


class Bounds(NamedTuple):
    """When a pipe ends by itself."""

    idle_s: float  # nothing went through for so long
    may_stay: Callable[[], bool] = lambda: True
    look_s: float = _LOOK_S  # between two times that it is asked
    goodbye_s: float = _GOODBYE_S


class Pipe:
    """Two connections, each of which gets what comes in at the other."""

    def __init__(self, client: asyncio.Transport, bounds: Bounds, *, ended: Ended) -> None:
        """`ended` is told once, when both connections are gone."""
        self._loop = asyncio.get_running_loop()
        self._client = client
        self._bounds = bounds
        self._tell = ended
        self._near, self._far = _End(self), _End(self)
        self._used_at = self._loop.time()
        self._timer = self._loop.call_later(min(bounds.idle_s, bounds.look_s), self._check)
        self._is_closing = False
        self._gone = asyncio.Event()

    @property
    def sent_bytes(self) -> int:
        """By the caller."""
        return self._near.taken_bytes

    @property
    def received_bytes(self) -> int:
        """By the caller."""
        return self._far.taken_bytes

    async def join(self, upstream: socket.socket) -> None:
        """Say that the way is open, and let both ends talk. Raises OSError."""
        if self._client.is_closing():  # who will be told of its end is not `_near`
            upstream.close()
            self.lost()
            raise ConnectionResetError("the caller has left")
        self._near.other = self._far
        self._far.other = self._near
        self._near.transport = self._client
        self._client.set_protocol(self._near)
        try:
            await self._loop.create_connection(self._welcomed, sock=upstream)
        except BaseException:
            upstream.close()
            self.close()
            raise
        if self._is_closing:  # the caller left meanwhile
            self._far.close()
            return
        self._client.resume_reading()

    def _welcomed(self) -> "_End":
        self._client.write(ESTABLISHED)  # before whatever the far end may say first
        return self._far

    def used(self) -> None:
        """Something went through."""
        self._used_at = self._loop.time()

    def close(self) -> None:
        """End it for both; what was taken is still handed on, for a moment."""
        if self._is_closing:
            return
        self._is_closing = True
        self._timer.cancel()
        self._timer = self._loop.call_later(self._bounds.goodbye_s, self._abort)
        for end in self._ends():
            end.close()

    async def wait_closed(self) -> None:
        """Return when neither connection is there any more."""
        await self._gone.wait()

    def lost(self) -> None:
        """One of the connections is no more."""
        self.close()
        if not self._ends() and not self._gone.is_set():
            self._timer.cancel()
            self._gone.set()
            self._tell(self)

    def _ends(self) -> list["_End"]:
        return [end for end in (self._near, self._far) if end.transport is not None]

    def _abort(self) -> None:
        for end in self._ends():
            end.abort()

    def _check(self) -> None:
        left_s = self._used_at + self._bounds.idle_s - self._loop.time()
        if left_s > 0 and self._bounds.may_stay():
            self._timer = self._loop.call_later(min(left_s, self._bounds.look_s), self._check)
        else:
            self.close()


class _End(asyncio.Protocol):
    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None
        self.taken_bytes = 0
        self.is_at_end = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.taken_bytes += len(data)
        self._pipe.used()
        if (there := self._there()) is not None:
            there.write(data)

    def eof_received(self) -> bool:
        self.is_at_end = True
        there = self._there()
        if there is None or self.other is None or self.other.is_at_end:
            self._pipe.close()
            return False
        there.write_eof()
        return True  # the other direction may go on

    def connection_lost(self, _exc: Exception | None) -> None:
        self.transport = None
        self._pipe.lost()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def pause_writing(self) -> None:
        if (there := self._there()) is not None:
            there.pause_reading()

    def resume_writing(self) -> None:
        if (there := self._there()) is not None:
            there.resume_reading()

    def _there(self) -> asyncio.Transport | None:
        there = None if self.other is None else self.other.transport
        return None if there is None or there.is_closing() else there
