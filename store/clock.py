"""One time for all processes on a store, whatever the clocks of their hosts say."""

import time

import structlog
from sqlalchemy import text

from core.clock import Clock
from store.engine import Database

log = structlog.get_logger(__name__)

_LOOKS = 3  # the quickest of them is the most exact
_NOW = text("SELECT extract(epoch FROM clock_timestamp())::float8")
_TOLD_S = 2.0  # by so much a host's clock may be wrong before it is told


def steady() -> float:
    """Seconds that have passed; those too that the machine slept, where the system can tell."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class StoreClock:
    """The time of the PostgreSQL server: leases of several hosts are compared by it.

    Each `look` sets it; in between it counts on, and a host whose clock is set loses nothing by
    that. On SQLite, where one process is alone, it is the host's own.
    """

    def __init__(
        self, database: Database, *, wall: Clock = time.time, passes: Clock = steady
    ) -> None:
        self._database = database
        self._wall = wall
        self._passes = passes
        self._base: float | None = None
        self.skew_s = 0.0  # what the host's clock is ahead of the store's

    def __call__(self) -> float:
        """Unix time."""
        return self._wall() if self._base is None else self._base + self._passes()

    async def look(self) -> None:
        """Ask the store. Raises StorageUnavailable; then it counts on."""
        if self._database.is_sqlite:
            return
        async with self._database.read() as connection:
            await connection.execute(_NOW)  # begins the transaction too
            best: tuple[float, float, float] | None = None
            for _ in range(_LOOKS):
                before = self._passes()
                now = await connection.scalar(_NOW)
                took = self._passes() - before
                if best is None or took < best[0]:
                    best = (took, now - before - took / 2, self._wall() - now - took / 2)
        assert best is not None  # noqa: S101 - it has looked
        _, self._base, skew_s = best
        if abs(skew_s) >= _TOLD_S > abs(self.skew_s):
            log.warning("this host's clock differs from the database's", ahead_s=round(skew_s, 1))
        self.skew_s = skew_s


async def open_clock(database: Database) -> StoreClock:
    """The store's clock, set."""
    clock = StoreClock(database)
    await clock.look()
    return clock
