import base64
import time
from typing import NamedTuple

import orjson
from cachetools import LRUCache

from accounts.clients import Client, Clients, key_epoch
from accounts.master_key import Sealer
from accounts.official import OfficialAccount
from core.clock import Clock

_AAD = b"wxgate virtual token v1"
_PREFIX = "wxgv_"
_MAX_CHARS = 512
_REMEMBERED = 1_024  # tokens whose seal need not be checked again


class Holder(NamedTuple):
    """Whom a virtual token speaks for."""

    client: Client
    account: str  # its name


class VirtualTokens:
    """Tokens that stand in for the real access_token, which never leaves the gateway.

    Sealed, not stored: any replica with the master key can verify one without I/O. One lives as
    long as the real token it was made beside, and dies earlier when its client's key changes.
    """

    def __init__(self, sealer: Sealer, clients: Clients, *, clock: Clock = time.time) -> None:
        self._sealer = sealer
        self._clients = clients
        self._clock = clock
        self._opened: LRUCache[str, tuple[Holder, float]] = LRUCache(_REMEMBERED)

    def make(self, client: Client, account: OfficialAccount, *, expires_at: float) -> str:
        """A token for `client` on `account` until `expires_at` (Unix time, seconds)."""
        text = orjson.dumps([client.id, account.name, key_epoch(client), int(expires_at)])
        sealed = self._sealer.seal(text, aad=_AAD)
        return _PREFIX + base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")

    def open(self, token: str) -> Holder | None:
        """Whom `token` speaks for, or None: not ours, expired, or made with an older key."""
        opened = self._opened.get(token)
        if opened is None:
            opened = self._unseal(token)
            if opened is None:
                return None
            self._opened[token] = opened
        holder, expires_at = opened
        return holder if self._clock() < expires_at else None

    def _unseal(self, token: str) -> tuple[Holder, float] | None:
        if not token.startswith(_PREFIX) or len(token) > _MAX_CHARS:
            return None
        encoded = token.removeprefix(_PREFIX)
        try:
            sealed = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        except ValueError:
            return None
        if (text := self._sealer.open(sealed, aad=_AAD)) is None:
            return None
        client_id, account, epoch, expires_at = orjson.loads(text)
        client = self._clients.by_id(client_id)
        if client is None or key_epoch(client) != epoch:
            return None
        return Holder(client, account), float(expires_at)
