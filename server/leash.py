"""What ties the processes of one host to the supervisor that started them."""

import asyncio
import os
import signal
import socket
from enum import Enum
from types import TracebackType
from typing import Self

import structlog

log = structlog.get_logger(__name__)

_ORPHANS_LIVE_S = 60  # then the kernel ends it


class Word(Enum):
    """What is said over the leash, a byte each."""

    STOP = b"T"  # to the child: end in order
    LEAVE = b"L"  # the same, and another is in its place: no load balancer need be told
    RELOAD = b"H"  # to the child: read the configuration now
    UP = b"U"  # to the supervisor: it answers
    RESTART = b"R"  # to the supervisor: put another in its place


class Leash:
    """The child's end. Orders come as words, not as signals, of which a second one kills.

    A supervisor that is gone, however it died, is seen by the end of the stream: then the child
    ends in order, and if it cannot, by an alarm.
    """

    def __init__(self, end: socket.socket, stop: asyncio.Event) -> None:
        """`stop` is set when it is to end in order."""
        end.setblocking(False)
        self._end = end
        self._stop = stop
        self.broken = False  # nobody holds the other end
        self.replaced = False  # by one that answers already

    async def __aenter__(self) -> Self:
        """Say that this one is up, and listen."""
        self.say(Word.UP)
        asyncio.get_running_loop().add_reader(self._end.fileno(), self._hear)
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Listen no more."""
        asyncio.get_running_loop().remove_reader(self._end.fileno())

    def say(self, word: Word) -> None:
        """Tell the supervisor; one that is gone hears nothing."""
        try:
            self._end.send(word.value)
        except OSError as exc:
            log.warning("supervisor not told", word=word.name, reason=exc.strerror)

    def _hear(self) -> None:
        try:
            said = self._end.recv(64)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self._let_go()
        if Word.RELOAD.value in said and not self._stop.is_set():
            os.kill(os.getpid(), signal.SIGHUP)
        if Word.LEAVE.value in said:
            self.replaced = True
            self._stop.set()
        if Word.STOP.value in said:
            self._stop.set()

    def _let_go(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._end.fileno())
        self.broken = True
        if self._stop.is_set():  # it was told to hurry
            loop.remove_signal_handler(signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
        log.error("the supervisor is gone: stopping")
        signal.alarm(_ORPHANS_LIVE_S)
        self._stop.set()
