import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Never

import structlog

from core.clock import Clock
from core.metrics import Metrics
from notify.happening import Happening, Tell
from server.backup.making import BackupFailed, Target, make_backup, remove_old
from store import duties
from store.engine import Database
from store.for_ever import for_ever
from store.leader import Leader

log = structlog.get_logger(__name__)

DUTY = "backup"
EVENT: Final = "backup.failed"
_LOOK_S = 60.0
_RETRY_S = 600.0  # after a failure


@dataclass(frozen=True, slots=True)
class Plan:
    """How often a backup is made, how many are kept, and where."""

    every_s: float
    keep: int
    target: Callable[[], Target]  # raises BackupFailed, as where the passphrase cannot be read


class Clockwork:
    """Makes backups at their time: of all processes on a store, one."""

    def __init__(
        self,
        database: Database,
        leader: Leader,
        plan: Plan,
        tell: Tell,
        metrics: Metrics,
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._leader = leader
        self._plan = plan
        self._tell = tell
        self._metrics = metrics
        self._clock = clock
        self._not_before = 0.0

    async def run(self) -> Never:
        """Look every minute whether it is time."""
        await for_ever(self.once, every_s=_LOOK_S, away="backup waits", failed="backup failed")

    async def once(self) -> bool:
        """Make one if it is time and this process leads; whether it did."""
        now = self._clock()
        epoch = await self._leader.term() if now >= self._not_before else None
        if epoch is None:
            return False
        async with self._database.read() as connection:
            last = await duties.position(connection, DUTY)
        self._metrics.backup_at.set(last)
        if now < last + self._plan.every_s:
            return False
        try:
            target = self._plan.target()
            made = await make_backup(self._database, target, now=now)
            await asyncio.to_thread(_tidy, target.folder, self._plan.keep)
        except BackupFailed as exc:
            self._failed(exc, now)
            return False
        async with self._database.write() as connection:
            await duties.advance(connection, DUTY, self._leader.owner, epoch, int(now))
        self._metrics.backup_at.set(now)
        self._metrics.backups.labels("made").inc()
        self._tell(Happening(event=EVENT, over=True))
        log.info("backup made", file=made.path.name, size=made.size, rows=made.rows)
        return True

    def _failed(self, exc: BackupFailed, now: float) -> None:
        self._not_before = now + _RETRY_S
        self._metrics.backups.labels("failed").inc()
        reason = {name: exc.message.fill(name, exc.values) for name in ("zh", "en")}
        log.error("backup failed", reason=reason["en"])
        self._tell(Happening(event=EVENT, data={"reason": reason["zh"]}))


def _tidy(folder: Path, keep: int) -> None:
    try:
        remove_old(folder, keep)
    except OSError as exc:
        log.warning("old backups not removed", reason=exc.strerror)
