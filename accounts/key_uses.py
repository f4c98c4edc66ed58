import asyncio
import time
from contextlib import suppress
from typing import Never

import structlog

from accounts.clients import Credential
from core.clock import Clock
from core.errors import GatewayError
from store import clients as rows
from store.clients import UseRow
from store.engine import Database

log = structlog.get_logger(__name__)

_FLUSH_S = 10.0


class KeyUses:
    """When each key was last used: noted in memory, written down every few seconds.

    What a process has not yet written is lost when it is killed; an orderly end writes it.
    """

    def __init__(
        self, database: Database, *, flush_s: float = _FLUSH_S, clock: Clock = time.time
    ) -> None:
        self._database = database
        self._flush_s = flush_s
        self._clock = clock
        self._noted: dict[str, tuple[str, float, str | None]] = {}

    def note(self, credential: Credential, peer: str | None) -> None:
        """The credential was used just now, from `peer`; by token and session too."""
        client, digest, _session = credential
        self._noted[digest] = (client.id, self._clock(), peer)

    async def flush(self) -> None:
        """Write down what was noted. Raises StorageUnavailable, and then keeps it."""
        noted, self._noted = self._noted, {}
        # In one order everywhere: two processes that write the same rows cannot block each other.
        uses = [
            UseRow(digest, client_id, used_at, peer[:64] if peer else None)
            for digest, (client_id, used_at, peer) in sorted(noted.items())
        ]
        if not uses:
            return
        try:
            async with self._database.write() as connection:
                await rows.put_uses(connection, uses)
        except BaseException:
            self._noted = {**noted, **self._noted}
            raise

    async def run(self) -> Never:
        """Write again and again, once more when cancelled; a store that is away costs nothing."""
        try:
            while True:
                await asyncio.sleep(self._flush_s)
                await self._try()
        finally:
            await self._try()

    async def _try(self) -> None:
        with suppress(GatewayError):
            await self.flush()
