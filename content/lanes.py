import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager


class LaneFull(Exception):
    """More is asked for than can be done in good time."""


class Lane:
    """Where one kind of work waits for a process.

    Of each kind only as many as there are processes compete for them, so that a crowd of one kind
    costs another kind one turn, not its whole length.
    """

    def __init__(
        self,
        slots: asyncio.Semaphore,
        width: int,
        *,
        max_waiting: int | None = None,
        patience_s: float | None = None,
    ) -> None:
        """`slots`: the processes; `width`: how many there are. None: no bound."""
        self._slots = slots
        self._lane = asyncio.Semaphore(width)
        self._max_waiting = max_waiting
        self._patience_s = patience_s
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold a slot; raises LaneFull when too many wait already, or its patience ends."""
        if self._max_waiting is not None and self._waiting >= self._max_waiting:
            raise LaneFull
        async with AsyncExitStack() as held:
            self._waiting += 1
            try:
                async with asyncio.timeout(self._patience_s):
                    await held.enter_async_context(self._lane)
                    await held.enter_async_context(self._slots)
            except TimeoutError:
                raise LaneFull from None
            finally:
                self._waiting -= 1
            yield
