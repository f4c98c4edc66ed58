import math

import structlog

from accounts.clients import HeldKey
from accounts.keys import digest_of, hint_of, new_key
from accounts.master_key import Sealer
from core.clock import Clock
from store.clients import KeyRow

log = structlog.get_logger(__name__)


def key_aad(client_id: str, digest: str) -> bytes:
    """What a sealed client key is bound to: moved to another row, it does not open."""
    return f"wxgate client key v1 {client_id} {digest}".encode("ascii")


class ClientKeys:
    """Makes the keys of stored clients, and reads them back as far as they were kept.

    The database alone gives none away: it has SHA-256 digests of 192 random bits, and beside
    them, of clients that sign requests, the key under the master key.
    """

    def __init__(self, sealer: Sealer, clock: Clock) -> None:
        self._sealer = sealer
        self._clock = clock

    def make(self, client_id: str, *, signing: bool) -> tuple[str, KeyRow]:
        """A new key, and what to keep of it."""
        key = new_key(client_id)
        digest, sealed = digest_of(key), None
        if signing:
            sealed = self._sealer.seal(key.encode("ascii"), aad=key_aad(client_id, digest))
        return key, KeyRow(digest, client_id, hint_of(key), sealed, self._clock(), None)

    def held(self, row: KeyRow) -> HeldKey:
        """The key as a directory wants it; one that does not open can be looked up, not sign."""
        value = None
        if row.sealed is not None:
            value = self._sealer.open(row.sealed, aad=key_aad(row.client_id, row.digest))
            if value is None:
                log.error("client key sealed under another master key", client=row.client_id)
        expires_at = math.inf if row.expires_at is None else row.expires_at
        return HeldKey(row.digest, expires_at, value)
