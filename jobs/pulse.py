import asyncio
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog

from core.clock import Clock
from core.errors import GatewayError
from core.tasks import TaskSet
from store import revisions
from store.engine import Database

log = structlog.get_logger(__name__)

FILE = "pulse.json"
_BEAT_S = 10.0


class Pulse:
    """Counts on in the store and in a file beside it, to notice a store that has gone back.

    A number reaches the file only when the store has committed it. So a file that is ahead means
    that the store was restored from a backup, and until when it has forgotten what was done. A
    backup of both together cannot be told from a downtime. Processes that share a data_dir keep
    one file; those of other hosts have theirs, and all count in the one store.
    """

    def __init__(self, database: Database, directory: Path, *, clock: Clock) -> None:
        self._database = database
        self._path = directory / FILE
        self._clock = clock
        self._tasks = TaskSet()

    async def lost_until(self) -> float | None:
        """Until when the store may have forgotten what was done; None: it has not."""
        kept = self._kept()
        beat = await self._counted()
        if kept["beat"] <= beat:
            return None
        # What was done after the last beat is not known of either.
        until = min(kept["at"] + 2 * _BEAT_S, self._clock())
        log.critical("the database is older than the data_dir", beats=kept["beat"] - beat)
        return float(until)

    async def __aenter__(self) -> Self:
        """Begin to count: from here on nothing of the past is known any more."""
        await self._beat(anew=True)
        self._tasks.start(self._beat_for_ever(), name="jobs: pulse")
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Count for the last time."""
        await self._tasks.aclose()
        await self._try_to_beat()

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            await self._try_to_beat()

    async def _try_to_beat(self) -> None:
        try:
            await self._beat()
        except (GatewayError, OSError) as exc:
            log.warning("no pulse", reason=str(exc))

    async def _beat(self, *, anew: bool = False) -> None:
        async with self._database.write() as connection:
            await revisions.bump(connection, revisions.PULSE)
            beat = (await revisions.read(connection))[revisions.PULSE]
        kept = await asyncio.to_thread(self._kept)
        if beat < kept["beat"] and not anew:
            # Another process of this host may have counted on meanwhile, and kept its number.
            if kept["beat"] > (counted := await self._counted()):
                # Restored under a running process. The file stays, for the next start to see.
                behind = kept["beat"] - counted
                log.critical("the database went back: restart the gateway", beats=behind)
            return
        await asyncio.to_thread(self._keep, {"beat": beat, "at": self._clock()})

    async def _counted(self) -> int:
        """The number that the store has."""
        async with self._database.read() as connection:
            return (await revisions.read(connection)).get(revisions.PULSE, 0)

    def _kept(self) -> dict[str, Any]:
        try:
            kept = json.loads(self._path.read_text("ascii"))
            return {"beat": int(kept["beat"]), "at": float(kept["at"])}
        except (OSError, ValueError, KeyError, TypeError):  # none yet, or cut off
            return {"beat": 0, "at": 0.0}

    def _keep(self, values: dict[str, Any]) -> None:
        """In one step, so that a crash leaves the one before."""
        new = self._path.with_name(f"{FILE}.{os.urandom(8).hex()}")
        new.write_text(json.dumps(values), "ascii")
        new.replace(self._path)
