from dataclasses import replace
from typing import Any

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection

from accounts.account_errors import AccountBusy, AccountExists, AccountInFile
from accounts.account_forms import AccountChanges, AccountView, checked
from accounts.account_secrets import SECRETS, AccountSecrets
from accounts.account_views import secrets_of, settings_of, view_of_file, view_of_row
from accounts.audit import AuditLog
from accounts.edits import Editor, check_version
from accounts.official import Accounts, OfficialAccount, UnknownAccount
from core.clock import Clock
from store import accounts as rows
from store import jobs, revisions
from store.accounts import AccountRow, SealedSecret
from store.engine import Database

_ANY = SecretStr("locked")  # stands for a secret that does not open, where others are checked


class AccountBook:
    """The official accounts of the store: shown, made, changed, removed.

    Each change is one transaction with its entry in the audit log; processes follow it through
    the revision of the accounts. Accounts of the file are shown too, and refused wherever they
    would be changed (AccountInFile). No secret ever comes out.
    """

    def __init__(
        self,
        database: Database,
        secrets: AccountSecrets,
        audit: AuditLog,
        accounts: Accounts,
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._audit = audit
        self._accounts = accounts
        self._clock = clock

    async def list(self) -> list[AccountView]:
        """All accounts, by name; those that the file shadows too, behind the file's."""
        async with self._database.read() as connection:
            stored = await rows.accounts(connection)
        views = [*map(self._of_file, self._accounts.of_file()), *map(self._view, stored)]
        return sorted(views, key=lambda view: (view.name, view.source))

    async def get(self, name: str) -> AccountView:
        """One account. Raises UnknownAccount."""
        for account in self._accounts.of_file():
            if account.name == name:
                return self._of_file(account)
        async with self._database.read() as connection:
            return self._view(await _found(connection, name))

    async def add(self, account: OfficialAccount, editor: Editor) -> None:
        """Keep a new account. Raises AccountInFile, AccountExists."""
        if self._accounts.in_file(account.name, account.app_id):
            raise AccountInFile(account=account.name)
        now, secrets = self._clock(), secrets_of(account)
        sealed = self._sealed(account.app_id, secrets)
        row = AccountRow(account.name, account.app_id, sealed, settings_of(account), 1, now, now)
        async with self._database.write() as connection:
            if not await rows.insert(connection, row):
                raise AccountExists(account=row.name, app_id=row.app_id)
            detail = {"app_id": row.app_id, **self._printed(secrets)}
            await self._log(connection, editor, "account.create", row, detail)

    async def change(
        self, name: str, changes: AccountChanges, editor: Editor, *, version: int | None = None
    ) -> None:
        """Change what `changes` names; an empty secret is taken away.

        Raises UnknownAccount, AccountInFile, AccountInvalid, StaleEdit.
        """
        said = changes.model_dump(exclude_unset=True)
        secrets = {field: said.pop(field).get_secret_value() for field in SECRETS if field in said}
        self._check_not_in_file(name)
        async with self._database.write() as connection:
            row = await _found(connection, name, lock=True)
            check_version(name, version, row.version)
            kept = {"name": name, "app_id": row.app_id, "app_secret": _ANY, **row.settings}
            given = {field: secret for field, secret in secrets.items() if secret}
            checked({**kept, **said, **given})
            others = {field: each for field, each in row.sealed.items() if field not in secrets}
            newer = replace(
                row,
                sealed=others | self._sealed(row.app_id, secrets),
                settings=row.settings | said,
                version=row.version + 1,
                updated_at=self._clock(),
            )
            await rows.put(connection, newer)
            detail = {"settings": sorted(said), **self._printed(secrets)}
            await self._log(connection, editor, "account.change", newer, detail)

    async def remove(self, name: str, editor: Editor, *, version: int | None = None) -> None:
        """Remove an account. Raises UnknownAccount, AccountInFile, AccountBusy, StaleEdit."""
        self._check_not_in_file(name)
        async with self._database.write() as connection:
            row = await _found(connection, name, lock=True)
            check_version(name, version, row.version)
            if count := await jobs.unfinished(connection, name):
                raise AccountBusy(account=name, count=count)
            await rows.remove(connection, name)
            await self._log(connection, editor, "account.remove", row, {"app_id": row.app_id})

    def _of_file(self, account: OfficialAccount) -> AccountView:
        return view_of_file(account, self._secrets.fingerprints)

    def _view(self, row: AccountRow) -> AccountView:
        in_file = self._accounts.in_file(row.name, row.app_id)
        return view_of_row(
            row, self._secrets.open(row), self._secrets.fingerprints, in_file=in_file
        )

    def _printed(self, secrets: dict[str, str]) -> dict[str, str]:
        """Which secrets were set, by fingerprint, or taken away; as the audit log has it."""
        prints = self._secrets.fingerprints(secrets)
        return {f"{field}_fingerprint": prints.get(field, "removed") for field in secrets}

    def _sealed(self, app_id: str, secrets: dict[str, str]) -> dict[str, SealedSecret]:
        now = self._clock()
        return {
            field: self._secrets.seal(app_id, field, secret, now)
            for field, secret in secrets.items()
            if secret
        }

    def _check_not_in_file(self, name: str) -> None:
        if self._accounts.in_file(name):
            raise AccountInFile(account=name)

    async def _log(
        self,
        connection: AsyncConnection,
        editor: Editor,
        action: str,
        row: AccountRow,
        detail: dict[str, Any],
    ) -> None:
        await revisions.bump(connection, revisions.ACCOUNTS)
        entry = replace(editor.did(action, row.name, detail), account=row.name)
        await self._audit.append(connection, entry)


async def _found(connection: AsyncConnection, name: str, *, lock: bool = False) -> AccountRow:
    # Not left to the database: PostgreSQL takes no NUL, and fails.
    row = None if "\x00" in name else await rows.find(connection, name, lock=lock)
    if row is None:
        raise UnknownAccount(account=name[:64])
    return row
