from typing import Never

from core.metrics import Metrics
from notify.events import EVENTS
from store import alerts
from store.engine import Database
from store.for_ever import for_ever

_EVERY_S = 15.0  # as often as metrics are usually read


class Unresolved:
    """Keeps the metric of unresolved alerts: what this process has seen in the store last.

    Those of an event that there are none of any more are shown as 0, so that a rule on them ends.
    """

    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database = database
        self._gauge = metrics.alerts_open
        self._shown: set[tuple[str, str]] = {
            (name, event.severity) for name, event in EVENTS.items() if event.alerts
        }

    async def run(self) -> Never:
        """Look again and again. While the store is away what was seen last stands."""
        await for_ever(self.look, every_s=_EVERY_S, failed="unresolved alerts not counted")

    async def look(self) -> None:
        """Count them now. Raises StorageUnavailable."""
        async with self._database.read() as connection:
            found = await alerts.counts(connection)
        self._shown |= found.keys()
        for event, severity in self._shown:
            self._gauge.labels(event, severity).set(found.get((event, severity), 0))
