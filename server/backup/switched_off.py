from typing import Never

from core.clock import Clock
from notify.alerting.alerts import BY_ITSELF
from server.backup.clockwork import DUTY, EVENT
from store import alerts, duties
from store.engine import Database
from store.for_ever import for_ever

_LOOK_S = 60.0
# Another process may have read a newer configuration than this one, or be starting anew.
_IDLE_S = 600.0
_NOTE = "自动备份已关闭 / backups by the clock are switched off"


class SwitchedOff:
    """Resolves what was wrong with backups that nobody wants any more.

    Nothing else would: only a backup that succeeds tells that it is over.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        """`clock` must agree with those of the other processes."""
        self._database = database
        self._clock = clock

    async def run(self) -> Never:
        """Look every minute."""
        await for_ever(self.once, every_s=_LOOK_S, failed="alerts of backups not looked at")

    async def once(self) -> int:
        """Resolve them unless another process makes backups; how many. Raises StorageUnavailable.

        Whoever switched backups off needs not hear that their failure is over.
        """
        now = self._clock()
        async with self._database.read() as connection:
            open_events = {event for event, _ in await alerts.unresolved(connection)}
            kept_until = await duties.kept_until(connection, DUTY)
        # On SQLite there is no other process: a lease is an earlier one's own.
        others = not self._database.is_sqlite and kept_until > now - _IDLE_S
        if EVENT not in open_events or others:
            return 0
        async with self._database.write() as connection:
            return await alerts.resolve_event(connection, EVENT, by=BY_ITSELF, note=_NOTE, now=now)
