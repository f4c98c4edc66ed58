import asyncio
from collections.abc import Callable
from typing import Never

from core.clock import Clock
from notify.digest import Digests
from notify.routing import Routing
from notify.settings import NotifySettings
from store import happenings
from store import notifications as rows
from store.engine import Database
from store.for_ever import for_ever

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
        self._awake = asyncio.Event()

    async def run(self) -> Never:
        """Route what happens, and let out what was held; each step is one transaction."""
        await for_ever(
            self._route,
            every_s=lambda: self._settings().sweep_s,
            awake=self._awake,
            away="routing waits for the database",
            failed="routing failed",
        )

    async def keep_tidy(self) -> Never:
        """Forget what is old, every hour."""
        await for_ever(self.tidy, every_s=_TIDY_EVERY_S, failed="notifications not tidied")

    def wake(self) -> None:
        """Look now; call it after a commit that wrote down what happened."""
        self._awake.set()

    async def _route(self) -> None:
        while await self._routing.route():
            pass
        await self._digests.release()

    async def tidy(self) -> None:
        """Forget what is old, a part at a time."""
        now, more = self._clock(), True
        while more:
            async with self._database.write() as connection:
                gone = await rows.purge(connection, before=now - self._settings().keep_s)
                told = await happenings.purge(connection, before=now - _KEEP_HAPPENINGS_S)
            more = bool(gone or told)
            await asyncio.sleep(_TIDY_PAUSE_S)
