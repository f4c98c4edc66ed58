import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog

from core.clock import Clock
from core.tasks import TaskSet
from notify.digest import Digests
from notify.routing import Routing
from notify.settings import NotifySettings
from store import happenings
from store import notifications as rows
from store.engine import Database, StorageUnavailable

log = structlog.get_logger(__name__)

_TIDY_EVERY_S = 3_600.0
_KEEP_HAPPENINGS_S = 7 * 86_400.0  # what was told of, to be looked into
_TIDY_PAUSE_S = 0.05  # others want to write too


class Rounds:
    """Routes what happened, lets out what was held, and forgets what is old, again and again.

    Any number of processes may do so at once.
    """

    def __init__(
        self,
        database: Database,
        routing: Routing,
        digests: Digests,
        *,
        settings: Callable[[], NotifySettings],
        clock: Clock,
    ) -> None:
        self._database = database
        self._routing = routing
        self._digests = digests
        self._settings = settings
        self._clock = clock
        self._tasks = TaskSet()
        self._awake = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Start."""
        self._tasks.start(self._go_round(), name="notifications: routing")
        self._tasks.start(self._tidy_for_ever(), name="notifications: housekeeping")
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Stop; each step is one transaction, so nothing is left half done."""
        await self._tasks.aclose()

    def wake(self) -> None:
        """Look now; call it after a commit that wrote down what happened."""
        self._awake.set()

    async def _go_round(self) -> None:
        while True:
            self._awake.clear()
            try:
                while await self._routing.route():
                    pass
                await self._digests.release()
            except StorageUnavailable as exc:
                log.warning("routing waits for the database", reason=str(exc))
            except Exception:
                log.exception("routing failed")
            try:
                async with asyncio.timeout(self._settings().sweep_s):
                    await self._awake.wait()
            except TimeoutError:
                pass

    async def _tidy_for_ever(self) -> None:
        while True:
            try:
                await self.tidy()
            except StorageUnavailable as exc:
                log.warning("notifications not tidied", reason=str(exc))
            except Exception:
                log.exception("notifications not tidied")
            await asyncio.sleep(_TIDY_EVERY_S)

    async def tidy(self) -> None:
        """Forget what is old, a part at a time."""
        now, more = self._clock(), True
        while more:
            async with self._database.write() as connection:
                gone = await rows.purge(connection, before=now - self._settings().keep_s)
                told = await happenings.purge(connection, before=now - _KEEP_HAPPENINGS_S)
            more = bool(gone or told)
            await asyncio.sleep(_TIDY_PAUSE_S)
