import asyncio
from types import TracebackType
from typing import Self

import structlog
from cachetools import LRUCache
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import SYSTEM_CLOCKS, Clocks
from core.metrics import Metrics
from core.tasks import TaskSet
from notify.events import EVENTS
from notify.happening import Happening, row_of
from store import alerts, happenings
from store.engine import Database, StorageUnavailable
from store.happenings import HappeningRow

log = structlog.get_logger(__name__)

# What goes on is written down again no sooner: an alert needs to know that it does, no more.
AGAIN_AFTER_S = 300.0
_MOST_WAITING = 1_000
_MOST_KNOWN = 10_000
_PAUSE_S = 0.5  # gathers what comes in a burst
_RETRY_S = 5.0  # a store that is away is tried again this soon
_LAST_S = 2.0  # for the last round, when the process stops

_Subject = tuple[str, str]  # event and key


class Bulletin:
    """A Tell: takes what happens anywhere in the process, and writes it down within a second.

    To tell costs microseconds, waits for nothing and never raises. What would raise an alert that
    is raised already is written down once in five minutes, and the end of what never began not
    at all; of what is told while the store is away, the newest of each event and key is kept, and
    no more than a thousand of them.
    """

    def __init__(
        self,
        database: Database,
        metrics: Metrics,
        *,
        clocks: Clocks = SYSTEM_CLOCKS,
        retry_s: float = _RETRY_S,
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._retry_s = retry_s
        self._clock, self._monotonic = clocks
        self._waiting: dict[tuple[str, str, bool, str], HappeningRow] = {}
        # What was told last of each subject: whether it was over, and when.
        self._told: LRUCache[_Subject, tuple[bool, float]] = LRUCache(_MOST_KNOWN)
        self._tasks = TaskSet()
        self._awake = asyncio.Event()

    def __call__(self, happening: Happening, /) -> None:
        """It will be written down."""
        if EVENTS[happening.event].alerts and not happening.once and not self._is_news(happening):
            return
        place = (happening.event, happening.key, happening.over, happening.once)
        self._waiting.pop(place, None)  # what is told anew needs no more room
        if len(self._waiting) >= _MOST_WAITING:
            self._metrics.happenings_dropped.inc()
            return
        self._waiting[place] = row_of(happening, self._clock())
        self._awake.set()

    def _is_news(self, happening: Happening) -> bool:
        subject, now = (happening.event, happening.key), self._monotonic()
        over, at = self._told.get(subject, (None, 0.0))
        # An end too: another process may have told meanwhile that it began anew.
        if over == happening.over and now - at < AGAIN_AFTER_S:
            return False
        self._told[subject] = (happening.over, now)
        return True

    async def __aenter__(self) -> Self:
        """Start to write."""
        self._tasks.start(self._write_for_ever(), name="bulletin")
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Write what is left, if the store takes it in time."""
        await self._tasks.aclose()
        try:
            async with asyncio.timeout(_LAST_S):
                await self._write()
        except (StorageUnavailable, TimeoutError):
            log.warning("bulletin not written", happenings=len(self._waiting))

    async def _write_for_ever(self) -> None:
        while True:
            await self._awake.wait()
            await asyncio.sleep(_PAUSE_S)
            self._awake.clear()
            try:
                await self._write()
            except StorageUnavailable as exc:
                log.warning("bulletin waits for the database", reason=str(exc))
                await asyncio.sleep(self._retry_s)
                self._awake.set()
            except Exception:
                log.exception("bulletin failed")

    async def _write(self) -> None:
        taken = dict(self._waiting)
        if not taken:
            return
        async with self._database.write() as connection:
            rows = await _of_use(connection, list(taken.values()))
            # Their ids are made: what was written before a cancellation is not written twice.
            await happenings.insert(connection, rows)
        for place, row in taken.items():
            if self._waiting.get(place) is row:  # nothing newer came meanwhile
                del self._waiting[place]
        for row in rows:
            log.info("happening", happening=row.event, about=row.key, over=row.over)


async def _of_use(connection: AsyncConnection, rows: list[HappeningRow]) -> list[HappeningRow]:
    """Without the ends of what never began, as far as any process knows."""
    if not any(row.over for row in rows):
        return rows
    begun = {(row.event, row.key) for row in rows if not row.over}
    begun |= await happenings.begun(connection) | await alerts.unresolved(connection)
    return [row for row in rows if not row.over or (row.event, row.key) in begun]
