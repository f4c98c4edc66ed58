from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from accounts.audit import AuditLog
from accounts.channel_secrets import channel_aad
from accounts.edits import Editor, check_version
from accounts.master_key import Sealer
from core.clock import Clock
from notify.channel_errors import (
    ChannelExists,
    ChannelInFile,
    ChannelInvalid,
    ChannelLocked,
    ChannelUnknown,
)
from notify.channel_forms import changed, checked, read_back, revealed
from notify.channel_settings import ChannelSettings
from notify.channels import Channels
from store import channels as rows
from store import revisions
from store.channels import ChannelRow
from store.engine import Database

_FIXED = ("name", "type")


class ChannelDesk:
    """The channels of the store: made, changed, removed.

    Each change is one transaction with its entry in the audit log; processes follow it through the
    revision of the channels. Those of the file are refused (ChannelInFile).
    """

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        audit: AuditLog,
        channels: Channels,
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._audit = audit
        self._channels = channels
        self._clock = clock

    async def rows(self) -> dict[str, ChannelRow]:
        """Those of the store by name."""
        async with self._database.read() as connection:
            return {row.name: row for row in await rows.channels(connection)}

    async def add(self, entry: Mapping[str, Any], editor: Editor) -> ChannelRow:
        """Keep a new channel. Raises ChannelInvalid, ChannelInFile, ChannelExists."""
        settings = checked(entry, self._channels.kinds)
        self._check_not_in_file(settings.name)
        now = self._clock()
        row = self._row(settings, version=1, created_at=now, now=now)
        async with self._database.write() as connection:
            if not await rows.insert(connection, row):
                raise ChannelExists(channel=settings.name)
            await self._log(connection, editor, "channel.create", row, sorted(entry))
        return row

    async def change(
        self, name: str, said: Mapping[str, Any], editor: Editor, *, version: int | None
    ) -> ChannelRow:
        """Change what `said` names.

        Raises ChannelUnknown, ChannelInFile, ChannelLocked, ChannelInvalid, StaleEdit.
        """
        for field in _FIXED:
            if field in said:
                raise ChannelInvalid(field=field, reason=f"{field}: 不能改 / cannot be changed")
        self._check_not_in_file(name)
        async with self._database.write() as connection:
            row = await self._found(connection, name, version)
            if (kept := self.open(row)) is None:
                raise ChannelLocked(channel=name)
            settings = checked(changed(read_back(kept), said), self._channels.kinds)
            newer = self._row(
                settings, version=row.version + 1, created_at=row.created_at, now=self._clock()
            )
            await rows.put(connection, newer)
            await self._log(connection, editor, "channel.change", newer, sorted(said))
        return newer

    async def remove(self, name: str, editor: Editor, *, version: int | None) -> None:
        """Remove a channel. Raises ChannelUnknown, ChannelInFile, StaleEdit."""
        self._check_not_in_file(name)
        async with self._database.write() as connection:
            row = await self._found(connection, name, version)
            await rows.remove(connection, name)
            await self._log(connection, editor, "channel.remove", row, [])

    def open(self, row: ChannelRow) -> bytes | None:
        """What was sealed in a row, or None if it does not open."""
        return self._sealer.open(row.sealed, aad=channel_aad(row.name))

    def _row(
        self, settings: ChannelSettings, *, version: int, created_at: float, now: float
    ) -> ChannelRow:
        return ChannelRow(
            name=settings.name,
            type=settings.type,
            sealed=self._sealer.seal(revealed(settings), aad=channel_aad(settings.name)),
            disabled=not settings.enabled,
            version=version,
            created_at=created_at,
            updated_at=now,
        )

    async def _found(
        self, connection: AsyncConnection, name: str, version: int | None
    ) -> ChannelRow:
        # Not left to the database: PostgreSQL takes no NUL, and fails.
        row = None if "\x00" in name else await rows.find(connection, name, lock=True)
        if row is None:
            raise ChannelUnknown(channel=name[:64])
        check_version(name, version, row.version)
        return row

    def _check_not_in_file(self, name: str) -> None:
        if self._channels.in_file(name):
            raise ChannelInFile(channel=name)

    async def _log(
        self,
        connection: AsyncConnection,
        editor: Editor,
        action: str,
        row: ChannelRow,
        fields: list[str],
    ) -> None:
        await revisions.bump(connection, revisions.CHANNELS)
        detail = {"type": row.type, "fields": fields}
        await self._audit.append(connection, editor.did(action, row.name, detail))
