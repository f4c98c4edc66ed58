import asyncio
from collections import deque
from types import TracebackType
from typing import NamedTuple, Self


class PictureBounds(NamedTuple):
    """How many pictures may be under way, and what they may hold."""

    concurrency: int = 24  # of one article
    # Of all articles, from the fetch of a picture until its upload is done; others wait.
    memory_bytes: int = 96_000_000


class MemoryBudget:
    """Bytes that the pictures under way may hold, shared by all articles of the process.

    First come, first served: a large picture is not overtaken for ever by small ones.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._free = limit_bytes
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def free_bytes(self) -> int:
        """What nobody holds."""
        return self._free

    def share(self) -> "Share":
        """One picture's part, empty at first; returned at the end of its `with`."""
        return Share(self)

    async def take(self, size: int) -> int:
        """Wait until `size` bytes are free and take them; returns how many: never above all."""
        size = min(size, self._limit)
        if self._waiting or size > self._free:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append((size, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.cancelled():
                    self._serve()  # those behind it may fit
                else:
                    self.give_back(size)  # its turn came together with the cancellation
                raise
            return size
        self._free -= size
        return size

    def give_back(self, size: int) -> None:
        """Free `size` bytes."""
        self._free += size
        self._serve()

    def _serve(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if not turn.cancelled():
                if size > self._free:
                    return
                self._free -= size
                turn.set_result(None)
            self._waiting.popleft()


class Share:
    """What one picture holds of a MemoryBudget. Takes once, so that no two wait for each other."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget = budget
        self._held = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.keep(0)

    async def take(self, size: int) -> None:
        """Wait for `size` bytes; gives back first what it held."""
        self.keep(0)
        self._held = await self._budget.take(size)

    def keep(self, size: int) -> None:
        """Give back what it holds above `size`."""
        surplus = max(0, self._held - size)
        self._held -= surplus
        if surplus:
            self._budget.give_back(surplus)
