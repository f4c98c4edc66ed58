import json
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.tasks import TaskSet
from notify.audit_news import RELOAD, news_of
from notify.happening import row_of
from store import audit, duties, happenings
from store.audit import AuditFilter, AuditRow
from store.engine import Database, StorageUnavailable
from store.for_ever import for_ever
from store.leader import Leader

log = structlog.get_logger(__name__)

DUTY = "audit news"
_EVERY_S = 2.0
_AT_ONCE = 200
_SAME_RELOAD_S = 60.0  # within it all processes have taken a changed file up


class AuditFollower:
    """Tells people of what the audit log says: configuration and keys that were changed.

    One process at a time follows it, and notes how far with what it tells of, in one transaction:
    each entry is told of once. What was there before anybody began is told to nobody.
    """

    def __init__(
        self, database: Database, leader: Leader, *, clock: Clock, every_s: float = _EVERY_S
    ) -> None:
        self._database = database
        self._every_s = every_s
        self._leader = leader
        self._clock = clock
        self._tasks = TaskSet()

    async def __aenter__(self) -> Self:
        """Begin to follow."""
        following = for_ever(
            self._catch_up,
            every_s=self._every_s,
            first_s=self._every_s,
            away="audit news wait for the database",
            failed="audit log not followed",
        )
        self._tasks.start(following, name="audit news")
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Leave it to the next."""
        await self._tasks.aclose()
        try:
            await self._leader.resign()
        except StorageUnavailable as exc:
            log.info("duty not handed over", duty=DUTY, reason=str(exc))  # its lease will end

    async def _catch_up(self) -> None:
        while await self.look():
            pass

    async def look(self) -> bool:
        """Tell of the next entries, if this process is to; whether there may be more.

        Raises StorageUnavailable.
        """
        epoch = await self._leader.term()
        if epoch is None:
            return False
        async with self._database.read() as connection:
            # Moved by one: 0 says that nobody has begun.
            reached = await duties.position(connection, DUTY)
            newest = await audit.newest(connection)
            if reached == newest + 1:
                return False
            rows = await audit.after(connection, reached - 1, limit=_AT_ONCE) if reached else []
            seq = rows[-1].seq if rows else newest
            told = [
                row_of(one, row.at)
                for row in rows
                if not await _is_repeat(connection, row)
                for one in news_of(row)
            ]
        async with self._database.write() as connection:
            mine = duties.holds(connection, DUTY, self._leader.owner, epoch, self._clock())
            if await mine and await duties.position(connection, DUTY) == reached:
                await happenings.insert(connection, told)
                await duties.advance(connection, DUTY, self._leader.owner, epoch, seq + 1)
        return len(rows) == _AT_ONCE


async def _is_repeat(connection: AsyncConnection, row: AuditRow) -> bool:
    """Whether another process has just noted that it took the same change of the file up."""
    if row.action != RELOAD:
        return False
    wanted = AuditFilter(since=row.at - _SAME_RELOAD_S, action=RELOAD)
    earlier = await audit.page(connection, wanted, before=row.seq, limit=_AT_ONCE)
    return any(_detail(one) == _detail(row) for one in earlier)


def _detail(row: AuditRow) -> object:
    try:
        return json.loads(row.entry).get("detail")
    except (ValueError, AttributeError):
        return None
