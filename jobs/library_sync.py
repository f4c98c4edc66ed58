import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from core.clock import Clock
from core.errors import GatewayError, Text
from core.tasks import TaskSet
from jobs.library_settings import LibrarySettings
from jobs.polling import Quota
from jobs.shelves import Shelf
from store import library
from store.engine import Database
from store.library import Synced
from wechat.listing import Page

log = structlog.get_logger(__name__)

_AT_A_TIME = 500
_PAGE = 20  # the most that a batchget gives
_LONGEST_WAIT_S = 60.0  # for a list that somebody wants read, however old it is


class ListQuotaLow(GatewayError):
    """The few calls that are left of WeChat's list are kept for other uses."""

    status = 429
    code = "list_quota_low"
    category = "quota"
    level = "warning"
    retryable = True
    message = Text(
        "今天的 {path} 只剩 {left} 次，留给发布核对用，列表暂不刷新",
        "{left} calls of {path} are left today and kept for other uses: the list is not refreshed",
    )
    hint = Text(
        "北京时间零点后恢复；或调小 library.keep_calls",
        "it goes on after midnight in Shanghai; or lower library.keep_calls",
    )


@dataclass(frozen=True, slots=True)
class Freshness:
    """How well the library knows WeChat's lists."""

    synced_at: float | None  # of the oldest of them; None: one was never read to its end
    refreshing: bool  # one is being read right now
    error: GatewayError | None  # why one could not be read


class LibrarySync:
    """Reads WeChat's lists into the library: what is new, or all where something is missing.

    Pages are read from the newest on until nothing in one is news. If WeChat then counts as many
    as are known, that was all; else the rest is read too, and what was not seen is gone. One
    reading of a list at a time (in this process); who comes meanwhile waits for that.
    """

    def __init__(
        self,
        database: Database,
        quota: Quota,
        settings: LibrarySettings,
        tasks: TaskSet,
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._quota = quota
        self._settings = settings
        self._tasks = tasks
        self._clock = clock
        self._reading: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._failed: dict[tuple[str, str], tuple[float, GatewayError]] = {}

    async def freshen(
        self, account: str, shelves: Sequence[Shelf], *, force: bool = False
    ) -> Freshness:
        """Read again what is not fresh, waiting `wait_s` for it at most.

        `force`: all of them, waiting a minute; then it raises what stands in the way.
        """
        known = await self._known_of(account, shelves)
        stale = [shelf for shelf in shelves if force or self._is_stale(account, shelf, known)]
        if tasks := [self._start(account, shelf) for shelf in stale]:
            wait_s = _LONGEST_WAIT_S if force else self._settings.wait_s
            await asyncio.wait(tasks, timeout=wait_s)
        freshness = await self.look(account, shelves)
        if force and freshness.error is not None:
            raise freshness.error.anew()
        return freshness

    async def look(self, account: str, shelves: Sequence[Shelf]) -> Freshness:
        """How fresh they are, as they are."""
        known = await self._known_of(account, shelves)
        keys = [(account, shelf.name) for shelf in shelves]
        errors = (self._failed[key][1] for key in keys if key in self._failed)
        complete = len(known) == len(shelves) > 0
        return Freshness(
            synced_at=min(each.synced_at for each in known.values()) if complete else None,
            refreshing=any(key in self._reading for key in keys),
            error=next(errors, None),
        )

    async def _known_of(self, account: str, shelves: Sequence[Shelf]) -> dict[str, Synced]:
        async with self._database.read() as connection:
            return await library.synced(connection, account, [shelf.name for shelf in shelves])

    def _is_stale(self, account: str, shelf: Shelf, known: dict[str, Synced]) -> bool:
        since = self._clock() - self._settings.fresh_s
        read = known.get(shelf.name)
        # One that could not be read is not asked for all the time.
        tried, _ = self._failed.get((account, shelf.name), (0.0, None))
        return (read is None or read.synced_at <= since) and tried <= since

    def _start(self, account: str, shelf: Shelf) -> asyncio.Task[None]:
        key = (account, shelf.name)
        if key not in self._reading:
            reading = self._read_and_note(account, shelf)
            task = self._tasks.start(reading, name=f"library {account} {shelf.name}")
            task.add_done_callback(lambda _: self._reading.pop(key, None))
            self._reading[key] = task
        return self._reading[key]

    async def _read_and_note(self, account: str, shelf: Shelf) -> None:
        key = (account, shelf.name)
        try:
            await self.read(account, shelf)
        except GatewayError as exc:
            log.info("list not read", account=account, shelf=shelf.name, code=exc.code)
            self._failed[key] = (self._clock(), exc)
        else:
            self._failed.pop(key, None)

    async def read(self, account: str, shelf: Shelf) -> None:
        """Read the list until nothing is missing. Raises ListQuotaLow, and as `Call` does."""
        begun = self._clock()
        async with self._database.read() as connection:
            before = (await library.synced(connection, account, [shelf.name])).get(shelf.name)
        offset, total, whole = 0, 0, before is None
        while True:
            page, news = await self._read_page(account, shelf, offset)
            # Where something was deleted meanwhile, what follows has moved up.
            offset += len(page.items) - (max(0, total - page.total) if offset else 0)
            total = page.total
            if not page.items or offset >= total:
                break
            if before is not None and not whole and not news:
                if total - await self._known(account, shelf) == before.hidden:
                    await self._note(account, shelf, Synced(begun, before.hidden))
                    return
                whole = True
        if offset > _PAGE:  # what was changed meanwhile has moved to the front
            page, _ = await self._read_page(account, shelf, 0)
        gone = await self._forget_unseen(account, shelf, begun)
        known = await self._known(account, shelf)
        # More than there are: some went after they were seen. The next reading finds out.
        await self._note(account, shelf, Synced(begun, max(0, page.total - known)))
        log.info("list read whole", account=account, shelf=shelf.name, known=known, gone=gone)

    async def _read_page(self, account: str, shelf: Shelf, offset: int) -> tuple[Page, int]:
        """A page, which is in the library then, and how much of it is news."""
        left = self._quota.remaining(account, shelf.path)
        if left is not None and left <= self._settings.keep_calls:
            raise ListQuotaLow(path=shelf.path, left=left)
        page = await shelf.read(account, offset)
        rows = {row.id: row for row in (shelf.holding(account, item) for item in page.items)}
        rows.pop("", None)
        async with self._database.write() as connection:
            news = await library.put(connection, list(rows.values()), now=self._clock())
        return page, news

    async def _known(self, account: str, shelf: Shelf) -> int:
        async with self._database.read() as connection:
            return await library.count(connection, account, shelf.kind, shelf.types)

    async def _forget_unseen(self, account: str, shelf: Shelf, begun: float) -> int:
        """A part at a time, so that nobody waits long for the database."""
        total = 0
        while True:
            async with self._database.write() as connection:
                gone = await library.unseen(
                    *(connection, account, shelf.kind, shelf.types), since=begun, limit=_AT_A_TIME
                )
                total += await library.remove(connection, account, shelf.kind, gone) if gone else 0
            if len(gone) < _AT_A_TIME:
                return total

    async def _note(self, account: str, shelf: Shelf, state: Synced) -> None:
        async with self._database.write() as connection:
            await library.set_synced(connection, account, shelf.name, state)
