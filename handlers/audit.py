from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.audit import AuditLog
from accounts.clients import Scope
from core.clock import rfc3339
from handlers.guard import require_scope
from handlers.queries import NO_NUL, read_query, unix
from store.audit import AuditFilter


class AuditItem(BaseModel):
    """Who did what to what, and when."""

    seq: int
    at: str
    actor: str = Field(description="client:<id>, cli:<user> or system")
    action: str
    subject: str
    account: str | None
    detail: dict[str, Any]
    request_id: str | None = None
    ip: str | None = None


class AuditList(BaseModel):
    """A page of the audit log, newest first."""

    items: list[AuditItem]
    next_cursor: str | None


class AuditQuery(BaseModel):
    """The query of GET /v1/admin/audit."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime | None = None
    action: str | None = Field(None, pattern="^[a-z0-9_.]{1,64}$")
    actor: str | None = Field(None, max_length=80, pattern=NO_NUL)
    account: str | None = Field(None, max_length=32, pattern=NO_NUL)
    subject: str | None = Field(None, max_length=200, pattern=NO_NUL)
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, pattern="^[1-9][0-9]{0,8}$")


class AuditHandler:
    """The audit log, for keys with the scope admin. It is checked by `wxgate audit verify`."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def list(self, request: Request) -> Response:
        """A page, newest first."""
        require_scope(request, Scope.ADMIN)
        query = read_query(request, AuditQuery)
        wanted = AuditFilter(
            since=unix(query.since),
            **query.model_dump(include={"action", "actor", "account", "subject"}),
        )
        before = int(query.cursor) if query.cursor else None
        found, cursor = await self._audit.page(wanted, before=before, limit=query.limit)
        items = [{**entry, "at": rfc3339(entry["at"])} for entry in found]
        return JSONResponse({"items": items, "next_cursor": str(cursor) if cursor else None})
