from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from accounts.audit import AuditLog, Detail
from accounts.client_errors import (
    AccountNotThere,
    ClientExists,
    ClientInFile,
    ClientUnknown,
    KeyUnknown,
)
from accounts.client_forms import ClientChanges, ClientView, NewClient, StoredSettings
from accounts.client_keys import ClientKeys
from accounts.client_views import is_usable, view_of_file, view_of_row
from accounts.clients import Clients
from accounts.edits import Editor, check_version
from accounts.keys import CLIENT_ID, digest_of, epoch_of
from core.clock import Clock
from store import clients as rows
from store import revisions
from store.clients import ClientRow, KeyRow
from store.engine import Database

KEYS_AT_ONCE = 2  # the new one, and the one before while its users change over


class ClientBook:
    """The clients of the store: shown, made, changed and given new keys.

    Each change is one transaction with its entry in the audit log; processes follow it through
    the revision of the clients. Clients of the file are shown too, and refused wherever they
    would be changed (ClientInFile). A key is told once, by the method that makes it.
    """

    def __init__(
        self,
        database: Database,
        keys: ClientKeys,
        audit: AuditLog,
        clients: Clients,
        *,
        has_account: Callable[[str], bool],
        clock: Clock,
    ) -> None:
        self._database = database
        self._keys = keys
        self._audit = audit
        self._clients = clients
        self._has_account = has_account
        self._clock = clock

    async def list(self) -> list[ClientView]:
        """All clients, by id."""
        async with self._database.read() as connection:
            stored = await rows.clients(connection)
            keys, uses = await rows.keys(connection), await rows.uses(connection)
        views = {row.id: view_of_row(row, keys, uses) for row in stored if is_usable(row)}
        views |= {each.client.id: view_of_file(each, uses) for each in self._clients.of_file()}
        return [views[client_id] for client_id in sorted(views)]

    async def get(self, client_id: str) -> ClientView:
        """One client. Raises ClientUnknown."""
        _check_id(client_id)
        async with self._database.read() as connection:
            uses = await rows.uses(connection, client_id)
            for record in self._clients.of_file():
                if record.client.id == client_id:
                    return view_of_file(record, uses)
            row = await rows.find(connection, client_id)
            if row is None or not is_usable(row):
                raise ClientUnknown(client=client_id)
            return view_of_row(row, await rows.keys(connection, client_id), uses)

    async def add(self, new: NewClient, editor: Editor) -> str:
        """Make a client; its key. Raises ClientExists, ClientInFile, AccountNotThere."""
        self._check_not_in_file(new.id)
        self._check_accounts(new.accounts)
        now = self._clock()
        settings = StoredSettings(**new.model_dump(exclude={"id"}))
        row = ClientRow(new.id, settings.as_json(), False, 1, now, now)
        async with self._database.write() as connection:
            if not await rows.insert(connection, row):
                raise ClientExists(client=new.id)
            key = await self._add_key(connection, row)
            await self._log(connection, editor, "client.create", row, _told(row.settings))
        return key

    async def change(
        self, client_id: str, changes: ClientChanges, editor: Editor, *, version: int | None = None
    ) -> None:
        """Change what `changes` names. Raises ClientUnknown, StaleEdit and what `add` does."""
        said = changes.model_dump(exclude_unset=True)
        self._check_accounts(said.get("accounts", ()))
        async with self._database.write() as connection:
            row = await self._found(connection, client_id, version)
            disabled = said.pop("disabled", row.disabled)
            settings = StoredSettings(**row.settings).model_copy(update=said).as_json()
            if not settings["signing"]:
                await rows.forget_sealed(connection, client_id)
            detail = {name: settings[name] for name in said} | {"disabled": disabled}
            changed = replace(row, settings=settings, disabled=disabled)
            await self._save(connection, editor, "client.change", changed, _told(detail))

    async def remove(self, client_id: str, editor: Editor, *, version: int | None = None) -> None:
        """Remove a client with its keys. Raises ClientUnknown, ClientInFile, StaleEdit."""
        async with self._database.write() as connection:
            row = await self._found(connection, client_id, version)
            await rows.remove(connection, client_id)
            await self._log(connection, editor, "client.remove", row, {})

    async def rotate(self, client_id: str, editor: Editor, *, overlap_s: float) -> str:
        """A new key; of the old ones the newest lives on for `overlap_s`, the others end now.

        Raises ClientUnknown, ClientInFile.
        """
        now = self._clock()
        async with self._database.write() as connection:
            row = await self._found(connection, client_id, None)
            live, ended = _parted(await rows.keys(connection, client_id), now)
            staying = live[: KEYS_AT_ONCE - 1] if overlap_s else []
            for key in staying:
                end = min(now + overlap_s, key.expires_at or now + overlap_s)
                await rows.end_key(connection, key.digest, end)
            gone = [key.digest for key in (*live[len(staying) :], *ended)]
            await rows.remove_keys(connection, gone)
            made = await self._add_key(connection, row)
            detail: Detail = {
                "overlap_s": overlap_s,
                "new": epoch_of(digest_of(made)),
                "ended": _ids(gone),
            }
            await self._save(connection, editor, "client.key_made", row, detail)
        return made

    async def revoke(self, client_id: str, which: str, editor: Editor) -> None:
        """Remove the key of that id, longer digest or hint; what was made with it dies too.

        Raises ClientUnknown, ClientInFile, KeyUnknown.
        """
        async with self._database.write() as connection:
            row = await self._found(connection, client_id, None)
            keys = await rows.keys(connection, client_id)
            found = [key.digest for key in keys if _answers(key, which)]
            if len(found) != 1:
                raise KeyUnknown(client=client_id, key=which[:64], count=len(found))
            await rows.remove_keys(connection, found)
            detail = {"ended": _ids(found)}
            await self._save(connection, editor, "client.key_revoked", row, detail)

    def _check_not_in_file(self, client_id: str) -> None:
        if self._clients.in_file(client_id):
            raise ClientInFile(client=client_id)

    def _check_accounts(self, names: Iterable[str]) -> None:
        for name in names:
            if not self._has_account(name):
                raise AccountNotThere(field="accounts", account=name[:64])

    async def _found(
        self, connection: AsyncConnection, client_id: str, version: int | None
    ) -> ClientRow:
        _check_id(client_id)
        self._check_not_in_file(client_id)
        row = await rows.find(connection, client_id, lock=True)
        if row is None or not is_usable(row):
            raise ClientUnknown(client=client_id)
        check_version(client_id, version, row.version)
        return row

    async def _add_key(self, connection: AsyncConnection, row: ClientRow) -> str:
        key, kept = self._keys.make(row.id, signing=row.settings["signing"])
        await rows.insert_key(connection, kept)
        return key

    async def _save(
        self,
        connection: AsyncConnection,
        editor: Editor,
        action: str,
        row: ClientRow,
        detail: Detail,
    ) -> None:
        newer = replace(row, version=row.version + 1, updated_at=self._clock())
        await rows.put(connection, newer)
        await self._log(connection, editor, action, newer, detail)

    async def _log(
        self,
        connection: AsyncConnection,
        editor: Editor,
        action: str,
        row: ClientRow,
        detail: Detail,
    ) -> None:
        await revisions.bump(connection, revisions.CLIENTS)
        await self._audit.append(connection, editor.did(action, row.id, detail))


def _check_id(client_id: str) -> None:
    # Not left to the database: PostgreSQL takes no NUL, and fails.
    if CLIENT_ID.fullmatch(client_id) is None:
        raise ClientUnknown(client=client_id[:64])


def _parted(keys: Iterable[KeyRow], now: float) -> tuple[list[KeyRow], list[KeyRow]]:
    """Those that are live and those that have ended, each as they came."""
    live: list[KeyRow] = []
    ended: list[KeyRow] = []
    for key in keys:
        (live if key.expires_at is None or key.expires_at > now else ended).append(key)
    return live, ended


def _answers(key: KeyRow, which: str) -> bool:
    of_digest = key.digest.startswith(which) and which.startswith(epoch_of(key.digest))
    return of_digest or which == key.hint


def _ids(digests: Iterable[str]) -> list[str]:
    return [epoch_of(digest) for digest in digests]


def _told(settings: Mapping[str, object]) -> Detail:
    """Settings as the audit log takes them: texts and numbers, and lists of them."""
    return {
        name: value if isinstance(value, str | int | float | list) or value is None else str(value)
        for name, value in settings.items()
    }
