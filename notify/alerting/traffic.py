import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import structlog

from core.clock import Clock
from core.tasks import TaskSet
from notify.alerting.alerts import CurrentSettings
from store import traffic
from store.engine import Database, StorageUnavailable
from store.for_ever import for_ever
from store.traffic import STEP_S, TrafficRow

log = structlog.get_logger(__name__)

_EVERY_S = 15.0
_KEPT = 12  # five minutes each: what a store that is away for longer will never know
_LAST_S = 2.0  # for the last round, when the process stops


@dataclass(slots=True)
class _Counts:
    calls: int = 0
    errors: int = 0
    slow: int = 0
    took_ms: float = 0.0


class Traffic:
    """Counts the calls of each account in this process, and adds them to the store's now and then.

    Counting is a few additions; the store hears of them every 15 s, in one transaction. If nobody
    knows whether it took them, they are added once more: this is statistics, not accounting.
    """

    def __init__(self, database: Database, settings: CurrentSettings, *, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._counts: dict[tuple[str, int], _Counts] = {}
        self._tasks = TaskSet()

    def count(self, account: str, seconds: float, *, failed: bool) -> None:
        """A call of `account` has taken so long."""
        at = int(self._clock()) // STEP_S * STEP_S
        counts = self._counts.get((account, at))
        if counts is None:
            counts = self._counts[account, at] = _Counts()
        took_ms = seconds * 1_000
        counts.calls += 1
        counts.errors += failed
        counts.slow += took_ms > self._settings().latency_ms
        counts.took_ms += took_ms

    async def __aenter__(self) -> Self:
        """Start to tell the store."""
        writing = for_ever(
            self.write,
            every_s=_EVERY_S,
            first_s=_EVERY_S,
            away="traffic waits for the database",
            failed="traffic not written",
        )
        self._tasks.start(writing, name="traffic")
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Tell it what is left, if it takes that in time."""
        await self._tasks.aclose()
        try:
            async with asyncio.timeout(_LAST_S):
                await self.write()
        except (StorageUnavailable, TimeoutError):
            log.warning("traffic not written")

    async def write(self) -> None:
        """Add what was counted to what the store has. Raises StorageUnavailable."""
        oldest = int(self._clock()) - _KEPT * STEP_S
        taken, self._counts = self._counts, {}
        taken = {key: counts for key, counts in taken.items() if key[1] > oldest}
        if not taken:
            return
        rows = [
            TrafficRow(
                account=account,
                at=at,
                calls=counts.calls,
                errors=counts.errors,
                slow=counts.slow,
                took_ms=counts.took_ms,
            )
            for (account, at), counts in taken.items()
        ]
        try:
            async with self._database.write() as connection:
                await traffic.add(connection, rows)
        except BaseException:
            self._put_back(taken)
            raise

    def _put_back(self, taken: dict[tuple[str, int], _Counts]) -> None:
        for key, counts in taken.items():
            newer = self._counts.setdefault(key, _Counts())
            newer.calls += counts.calls
            newer.errors += counts.errors
            newer.slow += counts.slow
            newer.took_ms += counts.took_ms
