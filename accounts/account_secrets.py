import base64
import binascii
from collections.abc import Mapping

from accounts.master_key import Sealer
from store.accounts import AccountRow, SealedSecret

SECRETS = (
    "app_secret",
    *("callback_token", "previous_callback_token"),
    *("encoding_aes_key", "previous_encoding_aes_key"),
)
_FINGERPRINT_CHARS = 8


def secret_aad(app_id: str, field: str) -> bytes:
    """What a sealed secret is bound to: moved to another row or field, it does not open."""
    return f"wxgate account secret v1 {app_id} {field}".encode("ascii")


class AccountSecrets:
    """Seals the secrets of stored accounts under the master key, and opens them."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def fingerprints(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """By which people tell whether two places have the same secret.

        Without the master key nobody can try out whether a guess has it.
        """
        return {
            field: self._sealer.fingerprint(secret.encode())[:_FINGERPRINT_CHARS]
            for field, secret in secrets.items()
            if secret
        }

    def seal(self, app_id: str, field: str, secret: str, since: float) -> SealedSecret:
        """The secret as the store keeps it."""
        sealed = self._sealer.seal(secret.encode(), aad=secret_aad(app_id, field))
        return SealedSecret(base64.b64encode(sealed).decode("ascii"), since)

    def open(self, row: AccountRow) -> dict[str, str] | None:
        """All secrets of the account by field; None if one of them does not open."""
        opened = {}
        for field, secret in row.sealed.items():
            if (value := self.open_one(row.app_id, field, secret)) is None:
                return None
            opened[field] = value
        return opened

    def open_one(self, app_id: str, field: str, secret: SealedSecret) -> str | None:
        """One secret, or None if it was not sealed with this key for this place."""
        try:
            sealed = base64.b64decode(secret.value, validate=True)
        except (binascii.Error, ValueError):
            return None
        opened = self._sealer.open(sealed, aad=secret_aad(app_id, field))
        return None if opened is None else opened.decode()
