import asyncio
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An Event that SIGINT or SIGTERM sets, so that the process can end in order, with status 0.

    A second signal does what it does elsewhere: it ends the process at once. That is as safe as
    `kill -9`, which every job survives.
    """
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def ask() -> None:
        release()
        asked.set()

    def release() -> None:
        for number in _STOP_SIGNALS:
            loop.remove_signal_handler(number)

    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, ask)
    try:
        yield asked
    finally:
        release()


def reload_signal() -> AbstractContextManager[asyncio.Event]:
    """An Event that SIGHUP sets, each time; whoever has seen it clears it."""
    return _each(signal.SIGHUP)


def roll_signal() -> AbstractContextManager[asyncio.Event]:
    """The same of SIGUSR2."""
    return _each(signal.SIGUSR2)


@contextmanager
def _each(number: signal.Signals) -> Iterator[asyncio.Event]:
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    loop.add_signal_handler(number, asked.set)
    try:
        yield asked
    finally:
        loop.remove_signal_handler(number)
