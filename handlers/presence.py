import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from core.tasks import TaskSet
from proxy.body import ClientGone, Receive

T = TypeVar("T")

_LOOK_AFTER_S = 1.0  # most answers are there before, and so pay nothing for this


class Presence:
    """Ends work that nobody waits for any more."""

    def __init__(self, *, look_after_s: float = _LOOK_AFTER_S) -> None:
        self._look_after_s = look_after_s
        self._tasks = TaskSet()  # none outlives the work that it watches over

    async def needed(self, work: Coroutine[Any, Any, T], receive: Receive) -> T:
        """The result of `work`. Raises ClientGone, and cancels it, when the caller has hung up."""
        watch = _Watch(asyncio.current_task(), receive)
        timer = asyncio.get_running_loop().call_later(self._look_after_s, watch.begin, self._tasks)
        try:
            return await work
        except asyncio.CancelledError:
            if watch.worker is None or not watch.gone:
                raise
            watch.worker.uncancel()
            raise ClientGone from None
        finally:
            timer.cancel()
            watch.end()


class _Watch:
    """Waits for the caller to hang up, and then cancels the task that works for it."""

    def __init__(self, worker: asyncio.Task[Any] | None, receive: Receive) -> None:
        self.worker = worker
        self.gone = False
        self._receive = receive
        self._task: asyncio.Task[None] | None = None

    def begin(self, tasks: TaskSet) -> None:
        self._task = tasks.start(self._wait(), name="watch the caller")

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":  # noqa: ASYNC110
            await asyncio.sleep(0)  # a server that answers at once must not hold the loop for ever
        if self.worker is not None:
            self.gone = True
            self.worker.cancel()

    def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
