from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Scope
from handlers.alert_desk import AlertDesk, AlertUnknown
from handlers.bodies import read_if_any
from handlers.edits import editor_of, etag, expected_version
from handlers.guard import require_scope
from handlers.queries import NO_NUL, path_id, read_query
from handlers.views import view_of
from notify.message import Severity
from store.alerts import AlertFilter, AlertRow

_MAX_BYTES = 20_000
_ALERT_ID = "alr_[0-9a-z]{26}"

AlertState = Literal["open", "acknowledged", "resolved"]
EventName = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,32}\.[a-z_]{1,32}$")]
Note = Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)]
Account = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=NO_NUL)]


class AlertView(BaseModel):
    """Something that is wrong, or was."""

    id: str
    event: str
    key: str = Field(description="what it is about: an account, a host, a job")
    account: str | None
    severity: Severity
    state: AlertState
    data: dict[str, Any] = Field(description="of the last time it happened")
    count: int = Field(description="how often it happened")
    reopened: int = Field(description="how often it was over and came back")
    first_at: str
    last_at: str
    told_at: str | None = Field(description="null: a silence holds, nobody was told")
    acknowledged_at: str | None
    acknowledged_by: str | None
    note: str | None
    resolved_at: str | None
    resolved_by: str | None = Field(description="system: it ended by itself")
    escalation: int = Field(description="how often it was passed on")
    escalate_at: str | None = Field(description="when it is passed on unless acknowledged")
    version: int


class AlertList(BaseModel):
    """A page of alerts, newest first."""

    items: list[AlertView]
    next_cursor: str | None


class AlertQuery(BaseModel):
    """The query of GET /v1/admin/alerts."""

    model_config = ConfigDict(extra="forbid")

    state: tuple[AlertState, ...] = ()
    event: tuple[EventName, ...] = Field((), max_length=50)
    severity: tuple[Severity, ...] = ()
    account: Account | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, pattern=f"^{_ALERT_ID}$")


class AlertNote(BaseModel):
    """What is said to an alert."""

    model_config = ConfigDict(extra="forbid")

    note: Note | None = Field(None, description="what was found, what is done about it")


class AlertsHandler:
    """What is wrong, and what people do about it: for keys with the scope admin."""

    def __init__(self, desk: AlertDesk) -> None:
        self._desk = desk

    async def list(self, request: Request) -> Response:
        """A page, newest first."""
        require_scope(request, Scope.ADMIN)
        query = read_query(request, AlertQuery)
        wanted = AlertFilter(
            states=query.state,
            events=query.event,
            severities=query.severity,
            account=query.account,
        )
        rows, cursor = await self._desk.page(wanted, before=query.cursor, limit=query.limit)
        return JSONResponse(
            {"items": [view_of(AlertView, row) for row in rows], "next_cursor": cursor}
        )

    async def get(self, request: Request) -> Response:
        """One of them."""
        require_scope(request, Scope.ADMIN)
        return _shown(await self._desk.get(_alert_id(request)))

    async def acknowledge(self, request: Request) -> Response:
        """Somebody sees to it."""
        return await self._act(request, self._desk.acknowledge)

    async def resolve(self, request: Request) -> Response:
        """It is over."""
        return await self._act(request, self._desk.resolve)

    async def _act(self, request: Request, act: Callable[..., Awaitable[AlertRow]]) -> Response:
        require_scope(request, Scope.ADMIN)
        alert_id, version = _alert_id(request), expected_version(request)
        said = await read_if_any(request, AlertNote, max_bytes=_MAX_BYTES)
        row = await act(alert_id, editor_of(request), note=said.note, version=version)
        return _shown(row)


def _alert_id(request: Request) -> str:
    return path_id(request, "alert_id", form=_ALERT_ID, unknown=AlertUnknown)


def _shown(row: AlertRow) -> Response:
    return JSONResponse(view_of(AlertView, row), headers=etag(row.version))
