"""An AccessToken as a text that only gateways with the master key can read."""

from typing import Protocol

import orjson

from cache.tokens import AccessToken


class Seal(Protocol):
    """Hides a text from everybody who can read where it is kept but has no master key."""

    def seal(self, text: bytes, *, aad: bytes) -> bytes:
        """The sealed text."""
        ...

    def open(self, sealed: bytes, *, aad: bytes) -> bytes | None:
        """The text, or None if it was sealed otherwise."""
        ...


def seal_token(seal: Seal, app_id: str, token: AccessToken) -> bytes:
    """The token without its epoch and its end; it opens under its own account alone."""
    text = orjson.dumps([token.value, token.cause, token.fetched_at])
    return seal.seal(text, aad=app_id.encode())


def open_token(
    seal: Seal, app_id: str, sealed: bytes, *, epoch: int, expires_at: float
) -> AccessToken:
    """The token. Raises ValueError or TypeError for what no gateway of ours has sealed."""
    value, cause, fetched_at = orjson.loads(seal.open(sealed, aad=app_id.encode()) or b"")
    return AccessToken(value, expires_at, epoch, cause, float(fetched_at))
