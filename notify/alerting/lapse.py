from collections.abc import Collection, Iterator, Mapping
from typing import Never

from core.clock import Clock, next_shanghai_midnight
from notify.events import EventName
from notify.happening import Happening, row_of
from store import happenings
from store.alerts import AlertRow
from store.engine import Database
from store.for_ever import for_ever
from store.lapsed import silent_since

# What goes on is told of every five minutes (notify/bulletin.py), and so long after the last
# time it is over: nobody may be left who could say so, as after a restart.
LAPSES_S: Mapping[EventName, float] = {
    "token.conflict": 1_800,  # nothing tells that nobody forces tokens any more
    "breaker.open": 1_800,
    "disk.near": 3_600,
    "disk.full": 3_600,
    # Of a channel that failed for good nothing else tells that it is used again, and while its
    # alert is open nobody hears of what fails next.
    "notification.dead": 86_400,
}
# WeChat counts anew at midnight in Beijing.
OF_A_DAY: Collection[EventName] = ("quota.near", "quota.spent")
_EVERY_S = 60.0
_DAY_S = 86_400.0


class Lapse:
    """Ends alerts that end by the time alone.

    Any number of processes may do so at once: of one alert and the last time that it was seen, one
    end is written down.
    """

    def __init__(self, database: Database, *, clock: Clock, every_s: float = _EVERY_S) -> None:
        self._database = database
        self._every_s = every_s
        self._clock = clock

    async def run(self) -> Never:
        """Look every minute."""
        await for_ever(
            self.look,
            every_s=self._every_s,
            first_s=self._every_s,
            away="alerts do not lapse: the database is away",
            failed="alerts do not lapse",
        )

    async def look(self) -> None:
        """Write down what is over. Raises StorageUnavailable."""
        now = self._clock()
        lapsed: list[AlertRow] = []
        async with self._database.read() as connection:
            for events, before in _marks(now):
                lapsed += await silent_since(connection, events, before)
        if lapsed:
            async with self._database.write() as connection:
                await happenings.insert(connection, [row_of(_end(row), now) for row in lapsed])


def _marks(now: float) -> Iterator[tuple[Collection[EventName], float]]:
    for event, seconds in LAPSES_S.items():
        yield (event,), now - seconds
    yield OF_A_DAY, next_shanghai_midnight(now) - _DAY_S


def _end(row: AlertRow) -> Happening:
    return Happening(
        event=row.event,  # type: ignore[arg-type]
        account=row.account,
        key=row.key,
        data=row.data,
        over=True,
        once=f"{row.id} {row.last_at}",
    )
