from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from accounts.audit import AuditLog
from accounts.edits import Editor, check_version
from core.clock import Clock, rfc3339
from core.errors import GatewayError, Text
from core.ids import new_id
from notify.alerting.alerts import quiet_until
from notify.alerting.care import resolve
from store import alerts, silences
from store.alerts import RESOLVED, AlertFilter, AlertRow
from store.engine import Database
from store.silences import SilenceRow

_MOST_SILENCES = 500


class AlertUnknown(GatewayError):
    """There is no such alert, or no longer."""

    status = 404
    code = "alert_unknown"
    category = "params"
    message = Text("没有这个告警：{id}", "no such alert: {id}")
    hint = Text(
        "见 wxgate alerts list（GET /v1/admin/alerts）",
        "wxgate alerts list (GET /v1/admin/alerts) has them",
    )


class AlertResolved(GatewayError):
    """What is over needs no acknowledgement."""

    status = 409
    code = "alert_resolved"
    category = "params"
    message = Text("告警 {id} 已解决", "the alert {id} is resolved")
    hint = Text("再发生时会另开一个告警", "if it happens again there will be another alert")


class SilenceUnknown(GatewayError):
    """There is no such silence, or no longer."""

    status = 404
    code = "silence_unknown"
    category = "params"
    message = Text("没有这个静默：{id}", "no such silence: {id}")
    hint = Text(
        "见 wxgate alerts silences（GET /v1/admin/silences）",
        "wxgate alerts silences (GET /v1/admin/silences) has them",
    )


class TooManySilences(GatewayError):
    """There are as many silences as there may be."""

    status = 409
    code = "too_many_silences"
    category = "quota"
    message = Text("最多 {limit} 个未结束的静默", "at most {limit} silences that have not ended")
    hint = Text("先结束不用的", "end those that are not needed")


class AlertDesk:
    """What people do about alerts: each act is written down in the audit log with it."""

    def __init__(
        self, database: Database, audit: AuditLog, wake: Callable[[], None], *, clock: Clock
    ) -> None:
        """`wake` has happenings routed: those who know of an alert hear that it is over."""
        self._database = database
        self._audit = audit
        self._wake = wake
        self._clock = clock

    async def page(
        self, wanted: AlertFilter, *, before: str | None, limit: int
    ) -> tuple[list[AlertRow], str | None]:
        """Alerts, newest first, and the cursor of the next page."""
        async with self._database.read() as connection:
            rows = await alerts.page(connection, wanted, before=before, limit=limit + 1)
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    async def get(self, alert_id: str) -> AlertRow:
        """One of them. Raises AlertUnknown."""
        async with self._database.read() as connection:
            row = await alerts.get(connection, alert_id)
        if row is None:
            raise AlertUnknown(id=alert_id)
        return row

    async def acknowledge(
        self, alert_id: str, editor: Editor, *, note: str | None, version: int | None
    ) -> AlertRow:
        """Somebody sees to it: it is passed on no further. Done twice it is the first one's.

        Raises AlertUnknown, AlertResolved, StaleEdit.
        """
        async with self._database.write() as connection:
            row = await _found(connection, alert_id, version=version)
            if row.state == RESOLVED:
                raise AlertResolved(id=alert_id)
            if row.state != "open":
                return row
            await alerts.change(
                *(connection, alert_id),
                state="acknowledged",
                acknowledged_at=self._clock(),
                acknowledged_by=editor.actor[:80],
                note=note or row.note,
                tell_at=None,
                escalate_at=None,
            )
            await self._log(connection, editor, "alert.acknowledge", row, note)
            return await _found(connection, alert_id)

    async def resolve(
        self, alert_id: str, editor: Editor, *, note: str | None, version: int | None
    ) -> AlertRow:
        """It is over, somebody says; if it happens again, that is another alert.

        Raises AlertUnknown, StaleEdit.
        """
        now = self._clock()
        async with self._database.write() as connection:
            row = await _found(connection, alert_id, version=version)
            if row.state == RESOLVED:
                return row
            quiet = await quiet_until(connection, row, now)
            await resolve(
                connection, row, by=editor.actor[:80], tell=quiet is None, note=note, now=now
            )
            await self._log(connection, editor, "alert.resolve", row, note)
            resolved = await _found(connection, alert_id)
        self._wake()
        return resolved

    async def silences(
        self, *, ended: bool, before: str | None, limit: int
    ) -> tuple[list[SilenceRow], str | None]:
        """Silences, newest first, with those that have `ended` or without."""
        ends_after = None if ended else self._clock()
        async with self._database.read() as connection:
            rows = await silences.page(
                connection, ends_after=ends_after, before=before, limit=limit + 1
            )
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    async def silence(self, said: dict[str, Any], editor: Editor) -> SilenceRow:
        """Nobody is told of what it covers until it ends. Raises TooManySilences."""
        now = self._clock()
        row = SilenceRow(**said, id=new_id("sil"), created_by=editor.actor[:80], created_at=now)
        async with self._database.write() as connection:
            left = await silences.page(
                connection, ends_after=now, before=None, limit=_MOST_SILENCES
            )
            if len(left) == _MOST_SILENCES:
                raise TooManySilences(limit=_MOST_SILENCES)
            await silences.insert(connection, row)
            detail = {
                "events": row.events,
                "account": row.account,
                "key": row.key,
                "reason": row.reason,
                "ends_at": rfc3339(row.ends_at),
            }
            await self._audit.append(connection, editor.did("silence.create", row.id, detail))
        return row

    async def end_silence(self, silence_id: str, editor: Editor) -> None:
        """It holds no longer. Raises SilenceUnknown."""
        now = self._clock()
        async with self._database.write() as connection:
            row = await silences.get(connection, silence_id, lock=True)
            if row is None:
                raise SilenceUnknown(id=silence_id)
            if row.ends_at <= now:
                return
            await silences.end(connection, silence_id, now)
            detail = {"events": row.events, "account": row.account, "reason": row.reason}
            await self._audit.append(connection, editor.did("silence.end", silence_id, detail))

    async def _log(
        self,
        connection: AsyncConnection,
        editor: Editor,
        action: str,
        row: AlertRow,
        note: str | None,
    ) -> None:
        detail = {"event": row.event, "key": row.key, "account": row.account, "note": note}
        await self._audit.append(connection, editor.did(action, row.id, detail))


async def _found(
    connection: AsyncConnection, alert_id: str, *, version: int | None = None
) -> AlertRow:
    row = await alerts.get(connection, alert_id, lock=True)
    if row is None:
        raise AlertUnknown(id=alert_id)
    check_version(alert_id, version, row.version)
    return row
