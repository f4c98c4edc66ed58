import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from core.errors import GatewayError

T = TypeVar("T")

_FAILURE_S = 10.0  # so long a failure is told without asking the host again
_MAX_FAILURES = 1_000


class Flights(Generic[T]):
    """One fetch of a URL at a time: whoever comes meanwhile gets what it brings.

    Failures are told for a little longer: a hundred articles with one dead picture ask for it once.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        """`clock`: monotonic seconds."""
        self._clock = clock
        self._running: dict[str, asyncio.Future[T | GatewayError | None]] = {}
        self._failures: dict[str, tuple[float, GatewayError]] = {}  # until when, oldest first

    async def join(self, url: str, fetch: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """What `fetch` gives, and whether it was this one that ran; raises GatewayErrors.

        If the one that runs is cancelled, another of those who wait runs its own.
        """
        while (running := self._running.get(url)) is not None:
            outcome = await asyncio.shield(running)
            if isinstance(outcome, GatewayError):
                raise outcome.anew()
            if outcome is not None:
                return outcome, False
        self._raise_known(url)
        return await self._run(url, fetch), True

    async def _run(self, url: str, fetch: Callable[[], Awaitable[T]]) -> T:
        running = self._running[url] = asyncio.get_running_loop().create_future()
        outcome: T | GatewayError | None = None
        try:
            outcome = result = await fetch()
        except GatewayError as error:
            # Not itself: its traceback holds all that was read, 20 MB perhaps, for as long.
            outcome = error.anew()
            self._remember(url, outcome)
            raise
        finally:
            del self._running[url]
            running.set_result(outcome)
        return result

    def _raise_known(self, url: str) -> None:
        until, error = self._failures.get(url, (0.0, None))
        if error is not None and self._clock() < until:
            raise error.anew()

    def _remember(self, url: str, error: GatewayError) -> None:
        self._failures.pop(url, None)
        if len(self._failures) >= _MAX_FAILURES:
            del self._failures[next(iter(self._failures))]
        seconds = min(_FAILURE_S, error.retry_after_s or _FAILURE_S)
        self._failures[url] = (self._clock() + seconds, error)
