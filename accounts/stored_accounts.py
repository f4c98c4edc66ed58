from collections.abc import Callable

import structlog

from accounts.account_errors import AccountInvalid
from accounts.account_forms import checked
from accounts.account_secrets import AccountSecrets
from accounts.official import Accounts, OfficialAccount
from store import accounts as rows
from store.accounts import AccountRow
from store.engine import Database

log = structlog.get_logger(__name__)

# Called with an AppID, and since when its AppSecret is the one it is.
SecretSince = Callable[[str, float], None]


class StoredAccounts:
    """Brings a directory level with the store."""

    def __init__(
        self,
        database: Database,
        secrets: AccountSecrets,
        accounts: Accounts,
        secret_since: SecretSince,
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._accounts = accounts
        self._secret_since = secret_since

    async def load(self) -> None:
        """Hand the store's accounts to the directory, in place of those it had before.

        One whose secrets do not open is locked; the others do not suffer for it.
        """
        async with self._database.read() as connection:
            stored = await rows.accounts(connection)
        opened, locked = [], []
        for row in stored:
            if (account := self._opened(row)) is None:
                locked.append((row.name, row.app_id))
            else:
                opened.append(account)
                self._secret_since(row.app_id, row.sealed["app_secret"].since)
        self._accounts.replace_stored(opened, locked)

    def _opened(self, row: AccountRow) -> OfficialAccount | None:
        secrets = self._secrets.open(row)
        if secrets is None:
            log.error("account locked: its secrets do not open", account=row.name)
            return None
        try:
            return checked({"name": row.name, "app_id": row.app_id, **row.settings, **secrets})
        except AccountInvalid as exc:
            # Written by a newer wxgate, or by hand.
            log.error("account locked: unusable", account=row.name, reason=str(exc))  # noqa: TRY400
            return None
