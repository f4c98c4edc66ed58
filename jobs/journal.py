from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from accounts.audit import AuditEntry, AuditLog, Detail
from accounts.edits import Editor
from core.clock import rfc3339
from jobs.rights import answerable
from store.jobs import JobHead, JobRow
from store.schedules import ScheduleHead


class Journal:
    """Writes into the audit log what jobs publish, within the transaction that records it."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def approved(self, connection: AsyncConnection, row: JobHead, editor: Editor) -> None:
        """Somebody let the job go ahead."""
        entry = editor.did("publish.approve", row.id, {"client": row.client_id})
        await self._audit.append(connection, replace(entry, account=row.account))

    async def moved(self, connection: AsyncConnection, row: JobHead, editor: Editor) -> None:
        """Somebody gave the job another time."""
        detail = {"client": row.client_id, "publish_at": rfc3339(row.run_at)}
        entry = editor.did("publish.reschedule", row.id, detail)
        await self._audit.append(connection, replace(entry, account=row.account))

    async def schedule(
        self, connection: AsyncConnection, verb: str, row: ScheduleHead, editor: Editor
    ) -> None:
        """Somebody did that with the schedule, which is like this now."""
        next_at = None if row.next_at is None else rfc3339(row.next_at)
        said = {"client": row.client_id, "name": row.name, "cron": row.cron, "next_at": next_at}
        detail = {name: value for name, value in said.items() if value is not None}
        entry = editor.did(f"schedule.{verb}", row.id, detail)
        await self._audit.append(connection, replace(entry, account=row.account))

    async def resolved(
        self, connection: AsyncConnection, row: JobHead, editor: Editor, verdict: str
    ) -> None:
        """Somebody said what became of a job in review."""
        entry = editor.did("publish.resolve", row.id, {"outcome": verdict})
        await self._audit.append(connection, replace(entry, account=row.account))

    async def submitted(
        self,
        connection: AsyncConnection,
        row: JobRow,
        fingerprint: Mapping[str, Any],
        answer: Mapping[str, Any],
    ) -> None:
        """WeChat took the draft for publishing, or was found to have it."""
        titles = " | ".join(article["title"] for article in fingerprint["articles"])
        said = {**fingerprint, **answer, "title": titles}
        kept = ("title", "media_id", "publish_id", "article_id")
        await self._add(
            connection, row, "publish.submit", {name: said[name] for name in kept if name in said}
        )

    async def mass_sent(
        self,
        connection: AsyncConnection,
        row: JobRow,
        fingerprint: Mapping[str, Any],
        answer: Mapping[str, Any],
    ) -> None:
        """WeChat took the draft for a mass send."""
        titles = " | ".join(article["title"] for article in fingerprint["articles"])
        said = {"title": titles, "media_id": fingerprint["media_id"], "msg_id": answer["msg_id"]}
        await self._add(connection, row, "mass.send", said)

    async def published(self, connection: AsyncConnection, row: JobRow, article_id: str) -> None:
        """It is an article now. Told once more where a crash made the job look again."""
        await self._add(connection, row, "publish.done", {"article_id": article_id})

    async def _add(
        self, connection: AsyncConnection, row: JobRow, action: str, detail: Detail
    ) -> None:
        entry = AuditEntry(
            actor=f"client:{answerable(row)}",
            action=action,
            subject=row.id,
            account=row.account,
            detail=detail,
        )
        await self._audit.append(connection, entry)
