import asyncio
import socket
from collections.abc import Callable
from typing import TypeAlias

from server.forward.answer import ESTABLISHED

_GOODBYE_S = 5  # for what was taken to be handed on

Ended: TypeAlias = "Callable[[Pipe], None]"


class Pipe:
    """Two connections, each of which gets what comes in at the other."""

    def __init__(self, client: asyncio.Transport, *, idle_s: float, ended: Ended) -> None:
        self._loop = asyncio.get_running_loop()
        self._client = client
        self._idle_s = idle_s
        self._tell = ended
        self._near, self._far = _End(self), _End(self)
        self._used_at = self._loop.time()
        self._timer = self._loop.call_later(idle_s, self._check)
        self._is_over = False

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
        if self._is_over:
            self.close()
            return
        self._client.resume_reading()

    def _welcomed(self) -> "_End":
        self._client.write(ESTABLISHED)  # before whatever the far end may say first
        return self._far

    def used(self) -> None:
        """Something went through."""
        self._used_at = self._loop.time()

    def close(self) -> None:
        """End it for both, what was taken is still handed on; told once."""
        for end in (self._near, self._far):
            if end.transport is not None and not end.transport.is_closing():
                end.transport.close()
                self._loop.call_later(_GOODBYE_S, end.transport.abort)
        if not self._is_over:
            self._is_over = True
            self._timer.cancel()
            self._tell(self)

    def _check(self) -> None:
        left_s = self._used_at + self._idle_s - self._loop.time()
        if left_s > 0:
            self._timer = self._loop.call_later(left_s, self._check)
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
        self._pipe.close()

    def pause_writing(self) -> None:
        if (there := self._there()) is not None:
            there.pause_reading()

    def resume_writing(self) -> None:
        if (there := self._there()) is not None:
            there.resume_reading()

    def _there(self) -> asyncio.Transport | None:
        there = None if self.other is None else self.other.transport
        return None if there is None or there.is_closing() else there
