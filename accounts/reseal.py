from dataclasses import replace
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from accounts.account_secrets import AccountSecrets
from accounts.audit import AuditLog, Detail
from accounts.channel_secrets import channel_aad
from accounts.client_keys import key_aad
from accounts.edits import Editor
from accounts.master_key import Sealer
from accounts.webhook_secrets import webhook_aad
from store import accounts as account_rows
from store import channels as channel_rows
from store import clients as client_rows
from store import revisions
from store import webhooks as webhook_rows
from store.accounts import AccountRow, SealedSecret
from store.engine import Database


class Resealed(NamedTuple):
    """How many secrets were sealed anew, and what neither key opens."""

    secrets: int
    unopened: list[str]


class Reseal:
    """Brings what the store keeps sealed from an old master key under the present one."""

    def __init__(self, database: Database, old: Sealer, new: Sealer, audit: AuditLog) -> None:
        self._database = database
        self._old, self._new = old, new
        self._old_secrets, self._new_secrets = AccountSecrets(old), AccountSecrets(new)
        self._audit = audit

    async def run(self, editor: Editor) -> Resealed:
        """All in one transaction. What the present key opens already stays as it is."""
        async with self._database.write() as connection:
            accounts = await self._accounts(connection)
            keys = await self._client_keys(connection)
            await revisions.bump(connection, revisions.ACCOUNTS)
            await revisions.bump(connection, revisions.CLIENTS)
            await revisions.bump(connection, revisions.CHANNELS)
            webhooks, channels = await self._webhooks(connection), await self._channels(connection)
            parts = (accounts, keys, webhooks, channels)
            unopened = [name for part in parts for name in part.unopened]
            done = Resealed(sum(part.secrets for part in parts), unopened)
            detail: Detail = {"count": done.secrets, "unopened": done.unopened}
            await self._audit.append(connection, editor.did("account.reseal", "store", detail))
        return done

    async def _accounts(self, connection: AsyncConnection) -> Resealed:
        done, unopened = 0, []
        for row in await account_rows.accounts(connection):
            newer: dict[str, SealedSecret] = {}
            for field, secret in row.sealed.items():
                if self._new_secrets.open_one(row.app_id, field, secret) is not None:
                    continue
                if (sealed := self._resealed(row, field)) is None:
                    unopened.append(f"account {row.name}: {field}")
                else:
                    newer[field] = sealed
            if newer:
                await account_rows.put(connection, replace(row, sealed={**row.sealed, **newer}))
                done += len(newer)
        return Resealed(done, unopened)

    def _resealed(self, row: AccountRow, field: str) -> SealedSecret | None:
        secret = row.sealed[field]
        if (value := self._old_secrets.open_one(row.app_id, field, secret)) is None:
            return None
        return self._new_secrets.seal(row.app_id, field, value, secret.since)

    async def _client_keys(self, connection: AsyncConnection) -> Resealed:
        done, unopened = 0, []
        for row in await client_rows.keys(connection):
            aad = key_aad(row.client_id, row.digest)
            if row.sealed is None or self._new.open(row.sealed, aad=aad) is not None:
                continue
            if (value := self._old.open(row.sealed, aad=aad)) is None:
                unopened.append(f"client {row.client_id}: {row.hint}")
                continue
            await client_rows.put_sealed(connection, row.digest, self._new.seal(value, aad=aad))
            done += 1
        return Resealed(done, unopened)

    async def _webhooks(self, connection: AsyncConnection) -> Resealed:
        done, unopened = 0, []
        for row in await webhook_rows.of_client(connection, None):
            aad = webhook_aad(row.id)
            if self._new.open(row.sealed, aad=aad) is not None:
                continue
            if (value := self._old.open(row.sealed, aad=aad)) is None:
                unopened.append(f"webhook {row.id}")
                continue
            await webhook_rows.put_sealed(connection, row.id, self._new.seal(value, aad=aad))
            done += 1
        return Resealed(done, unopened)

    async def _channels(self, connection: AsyncConnection) -> Resealed:
        done, unopened = 0, []
        for row in await channel_rows.channels(connection):
            aad = channel_aad(row.name)
            if self._new.open(row.sealed, aad=aad) is not None:
                continue
            if (value := self._old.open(row.sealed, aad=aad)) is None:
                unopened.append(f"channel {row.name}")
                continue
            await channel_rows.put_sealed(connection, row.name, self._new.seal(value, aad=aad))
            done += 1
        return Resealed(done, unopened)
