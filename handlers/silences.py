from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Scope
from core.clock import Clock
from handlers.alert_desk import AlertDesk, SilenceUnknown
from handlers.alerts import Account
from handlers.bodies import FieldInvalid, read_model
from handlers.edits import editor_of
from handlers.guard import require_scope
from handlers.queries import NO_NUL, path_id, read_query
from handlers.views import view_of
from notify.events import EVENTS
from store.silences import SilenceRow, fits

_MAX_BYTES = 20_000
_SILENCE_ID = "sil_[0-9a-z]{26}"
_MOST_S = 90 * 86_400

# The name of an event, or the beginning of several with a * after it.
EventPattern = Annotated[
    str, StringConstraints(pattern=r"^(\*|[a-z]{1,32}\.(\*|[a-z_]{1,32}\*?))$")
]


class NewSilence(BaseModel):
    """POST /v1/admin/silences."""

    model_config = ConfigDict(extra="forbid")

    events: list[EventPattern] = Field(
        min_length=1, max_length=50, description="names, with * at the end of one"
    )
    account: Account | None = Field(None, description="of this one alone")
    key: Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)] | None = Field(
        None, description="about this alone, as an alert's key"
    )
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=NO_NUL)]
    starts_at: AwareDatetime | None = Field(None, description="now if it is not said")
    ends_at: AwareDatetime | None = Field(None, description="or duration_s; within 90 days")
    duration_s: int | None = Field(None, ge=60, le=_MOST_S, description="from its beginning on")


class SilenceView(BaseModel):
    """What nobody is told of for a while."""

    id: str
    state: Literal["scheduled", "active", "ended"]
    events: list[str]
    account: str | None
    key: str | None
    reason: str
    created_by: str
    created_at: str
    starts_at: str
    ends_at: str


class SilenceList(BaseModel):
    """A page of silences, newest first."""

    items: list[SilenceView]
    next_cursor: str | None


class SilenceQuery(BaseModel):
    """The query of GET /v1/admin/silences."""

    model_config = ConfigDict(extra="forbid")

    ended: bool = False
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, pattern=f"^{_SILENCE_ID}$")


class SilencesHandler:
    """What nobody is to be told of for a while: for keys with the scope admin."""

    def __init__(self, desk: AlertDesk, *, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock

    async def list(self, request: Request) -> Response:
        """A page, newest first."""
        require_scope(request, Scope.ADMIN)
        query = read_query(request, SilenceQuery)
        rows, cursor = await self._desk.silences(
            ended=query.ended, before=query.cursor, limit=query.limit
        )
        now = self._clock()
        items = [_silence(row, now) for row in rows]
        return JSONResponse({"items": items, "next_cursor": cursor})

    async def create(self, request: Request) -> Response:
        """A new one."""
        require_scope(request, Scope.ADMIN)
        new = await read_model(request, NewSilence, max_bytes=_MAX_BYTES)
        now = self._clock()
        starts_at, ends_at = _span(new, now)
        for index, pattern in enumerate(new.events):
            if not any(fits(pattern, event) for event in EVENTS):
                raise FieldInvalid(field=f"events[{index}]", reason=f"no such event: {pattern}")
        said = new.model_dump(include={"events", "account", "key", "reason"})
        said |= {"starts_at": starts_at, "ends_at": ends_at}
        row = await self._desk.silence(said, editor_of(request))
        headers = {"Location": f"/v1/admin/silences/{row.id}"}
        return JSONResponse(_silence(row, now), status_code=201, headers=headers)

    async def end(self, request: Request) -> Response:
        """It holds no longer."""
        require_scope(request, Scope.ADMIN)
        silence_id = path_id(request, "silence_id", form=_SILENCE_ID, unknown=SilenceUnknown)
        await self._desk.end_silence(silence_id, editor_of(request))
        return Response(status_code=204)


def _span(new: NewSilence, now: float) -> tuple[float, float]:
    """When it starts and ends. Raises FieldInvalid."""
    starts_at = new.starts_at.timestamp() if new.starts_at else now
    if (new.ends_at is None) == (new.duration_s is None):
        raise FieldInvalid(field="ends_at", reason="either ends_at or duration_s")
    ends_at = new.ends_at.timestamp() if new.ends_at else starts_at + (new.duration_s or 0)
    if not max(now, starts_at) < ends_at <= now + _MOST_S:
        raise FieldInvalid(field="ends_at", reason="after its beginning and within 90 days")
    return starts_at, ends_at


def _silence(row: SilenceRow, now: float) -> dict[str, Any]:
    state = "ended" if row.ends_at <= now else "active" if row.starts_at <= now else "scheduled"
    return view_of(SilenceView, row, state=state)
