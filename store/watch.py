import asyncio
from collections.abc import Awaitable, Callable
from typing import Never

import structlog

from store import revisions
from store.engine import Database, StorageUnavailable

log = structlog.get_logger(__name__)

_INTERVAL_S = 1.0  # a revoked key is refused by every process within 5 s
_NEVER_LOADED = -1

Load = Callable[[], Awaitable[None]]


class Watcher:
    """Keeps what this process holds in memory level with the store, which others write to too.

    Each look is one small SELECT. A loader runs before the first `refresh` returns, and again
    whenever its number has changed; until it has succeeded, the old contents stay.
    """

    def __init__(self, database: Database, *, interval_s: float = _INTERVAL_S) -> None:
        self._database = database
        self._interval_s = interval_s
        self._loaders: list[tuple[str, Load]] = []
        self._seen: dict[Load, int] = {}
        self._one_at_a_time = asyncio.Lock()

    def on(self, name: str, load: Load) -> None:
        """Call `load` when what is kept under `name` has changed (store/revisions.py)."""
        self._loaders.append((name, load))

    async def refresh(self) -> None:
        """Look now: whoever has just written sees it in its own process when this returns.

        Raises StorageUnavailable, or what the first of the loaders raised that failed.
        """
        async with self._one_at_a_time:
            # Read before the loads: a change in between is seen again, never missed.
            async with self._database.read() as connection:
                numbers = await revisions.read(connection)
            failures: list[Exception] = []
            for name, load in self._loaders:
                try:
                    await self._follow(load, numbers.get(name, 0))
                except Exception as exc:  # noqa: BLE001 - the others are loaded all the same
                    failures.append(exc)
        if failures:
            raise failures[0]

    async def _follow(self, load: Load, number: int) -> None:
        if self._seen.get(load, _NEVER_LOADED) != number:
            await load()
            self._seen[load] = number

    async def catch_up(self) -> None:
        """`refresh` after a change of our own, which is committed: a failure is left to `run`."""
        await self._look(tell=True)

    async def run(self) -> Never:
        """Look again and again; a store that is away is logged once and tried on."""
        behind = False
        while True:
            await asyncio.sleep(self._interval_s)
            followed = await self._look(tell=not behind)
            if followed and behind:
                log.info("store followed again")
            behind = not followed

    async def _look(self, *, tell: bool) -> bool:
        """Whether a `refresh` succeeded; why not is logged where it is to be told."""
        try:
            await self.refresh()
        except StorageUnavailable as exc:
            if tell:
                log.warning("store not followed", reason=str(exc))
        except Exception:
            # Whatever it is: to stop here would be to honour revoked keys from now on.
            if tell:
                log.exception("store not followed")
        else:
            return True
        return False
