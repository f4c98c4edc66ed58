import base64
import time
from collections.abc import Container
from typing import NamedTuple

import orjson
from cachetools import LRUCache

from accounts.clients import Clients, Credential
from accounts.keys import epoch_of
from accounts.master_key import Sealer
from accounts.official import OfficialAccount
from core.clock import Clock

_AAD = b"wxgate virtual token v2"
_PREFIX = "wxgv_"
_MAX_CHARS = 512
_REMEMBERED = 1_024  # tokens whose seal need not be checked again


class Holder(NamedTuple):
    """Whom a virtual token speaks for."""

    credential: Credential  # what it was got with, and dies with
    account: str  # its name


class _Text(NamedTuple):
    """What stands in a virtual token."""

    client_id: str
    account: str
    epoch: str  # of the key that it was got with
    session: str  # by which it was got, or empty
    expires_at: int


class VirtualTokens:
    """Tokens that stand in for the real access_token, which never leaves the gateway.

    Sealed, not stored: any replica with the master key can verify one without I/O. One lives as
    long as the real token it was made beside, and dies earlier with the key or the session that
    it was got with.
    """

    def __init__(
        self,
        sealer: Sealer,
        clients: Clients,
        *,
        revoked: Container[str] = frozenset(),
        clock: Clock = time.time,
    ) -> None:
        self._sealer = sealer
        self._clients = clients
        self._revoked = revoked  # ids of sessions
        self._clock = clock
        self._opened: LRUCache[str, _Text] = LRUCache(_REMEMBERED)

    def make(self, credential: Credential, account: OfficialAccount, *, expires_at: float) -> str:
        """A token for the client on `account` until `expires_at` (Unix time, seconds)."""
        client, digest, session = credential
        text = _Text(client.id, account.name, epoch_of(digest), session, int(expires_at))
        sealed = self._sealer.seal(orjson.dumps([*text]), aad=_AAD)
        return _PREFIX + base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")

    def open(self, token: str) -> Holder | None:
        """Whom `token` speaks for, or None: not ours, expired, or its key or session is gone."""
        text = self._opened.get(token)
        if text is None:
            text = self._unseal(token)
            if text is None:
                return None
            self._opened[token] = text
        if self._clock() >= text.expires_at or text.session in self._revoked:
            return None
        credential = self._clients.by_epoch(text.client_id, text.epoch)
        if credential is None:
            return None
        return Holder(credential._replace(session=text.session), text.account)

    def _unseal(self, token: str) -> _Text | None:
        if not token.startswith(_PREFIX) or len(token) > _MAX_CHARS:
            return None
        encoded = token.removeprefix(_PREFIX)
        try:
            sealed = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        except ValueError:
            return None
        text = self._sealer.open(sealed, aad=_AAD)
        return None if text is None else _Text(*orjson.loads(text))
