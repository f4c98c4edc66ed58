import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.audit import AuditLog
from accounts.clients import Client, Scope
from accounts.official import UnknownAccount
from core.clock import rfc3339
from handlers.articles import idempotency_key
from handlers.bodies import read_model
from handlers.edits import editor_of
from handlers.guard import require_scope
from handlers.queries import NO_NUL, path_id, read_query, unix
from handlers.views import view_of
from jobs.intake import IdempotencyMismatch
from notify.attachment import MAX_ATTACHMENTS
from notify.client_notifications import Asked, ClientNotifications
from notify.errors import NotificationUnknown
from notify.message import Severity
from notify.settings import ChannelName
from store.notification_lists import NotificationFilter
from store.notifications import NotificationRow

_MAX_BYTES = 1_000_000
_ID = "ntf_[0-9a-z]{26}"
_NO_CONTROL = r"^[^\x00-\x1f\x7f]*$"
_RECIPIENTS = 50  # in to, cc and bcc together

Line = Annotated[str, StringConstraints(max_length=200, pattern=_NO_CONTROL)]
Words = Annotated[str, StringConstraints(max_length=100_000, pattern=NO_NUL)]
Recipient = Annotated[str, StringConstraints(min_length=1, max_length=254, pattern=_NO_CONTROL)]
Recipients = Annotated[tuple[Recipient, ...], Field(max_length=_RECIPIENTS)]
State = Literal["pending", "held", "sent", "dead", "needs_review", "suppressed", "digested"]
NotificationId = Annotated[str, Field(pattern=f"^{_ID}$")]


class NotificationRequest(BaseModel):
    """POST /v1/notifications: a template's words, or those that stand here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: ChannelName
    to: Recipients = Field((), description="empty: the channel's own")
    cc: Recipients = ()
    bcc: Recipients = ()
    mention: Annotated[tuple[Recipient, ...], Field(max_length=20)] = Field(
        (), description="whom a chat calls by name; all"
    )
    template: str | None = Field(
        None, max_length=80, pattern=NO_NUL, description="a message template: name or name@2"
    )
    variables: dict[str, Any] = Field({}, description="of the template")
    subject: Line = ""
    text: Words = ""
    markdown: Words = Field("", description="for chats; empty: text")
    url: Annotated[str, StringConstraints(pattern=r"^(https?://[!-~]{1,2000})?$")] = Field(
        "", description="where to read more"
    )
    attachments: Annotated[tuple[Line, ...], Field(max_length=MAX_ATTACHMENTS)] = Field(
        (), description="ids of POST /v1/files"
    )
    severity: Severity = "info"
    account: str | None = Field(None, max_length=32, description="that it is about")
    dedupe_key: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        None, pattern=_NO_CONTROL, description="sent once in notify.dedupe_s"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        own = bool(self.subject or self.text or self.markdown)
        if (self.template is None) != own:
            raise ValueError("say either template, or subject and text")
        if own and not self.text:
            raise ValueError("text is missing")
        if len(self.to) + len(self.cc) + len(self.bcc) > _RECIPIENTS:
            raise ValueError(f"more than {_RECIPIENTS} recipients")
        return self


class AttemptView(BaseModel):
    """One time that it was handed to a sender."""

    number: int
    began_at: str
    ended_at: str | None
    outcome: Literal["sent", "failed", "unknown"] | None = Field(description="null: under way")
    sender: str | None = Field(description="which of several, such as a mail account")
    reference: str | None = Field(description="how the provider names it")
    error: str | None


class NotificationView(BaseModel):
    """Something that somebody is told."""

    id: str
    state: State
    channel: str
    client: str | None = Field(description="who asked for it; null: a route")
    event: str | None
    severity: Severity
    account: str | None
    alert: str | None
    to: list[str]
    cc: list[str]
    bcc: list[str]
    subject: str | None = Field(description="null: it is found when it is sent")
    template: str | None
    template_version: int | None
    attempts: int
    error: str | None = Field(description="why the last attempt failed")
    carried_by: str | None = Field(description="the digest, or what it repeats")
    resend_of: str | None
    created_at: str
    next_at: str | None = Field(description="when it is sent, or tried again")
    done_at: str | None


class NotificationDetail(NotificationView):
    """The same with its words and its attempts."""

    text: str | None
    attachments: list[str] = Field(description="names of files")
    tries: list[AttemptView]


class NotificationList(BaseModel):
    """A page of notifications, newest first."""

    items: list[NotificationView]
    next_cursor: str | None


class NotificationSummary(BaseModel):
    """How many there are, by state."""

    states: dict[State, int]
    total: int


class NotificationWanted(BaseModel):
    """Which notifications: the query of GET /v1/notifications/summary."""

    model_config = ConfigDict(extra="forbid")

    state: tuple[State, ...] = ()
    channel: tuple[ChannelName, ...] = ()
    event: tuple[Line, ...] = ()
    severity: tuple[Severity, ...] = ()
    account: str | None = Field(None, max_length=32, pattern=NO_NUL)
    client: str | None = Field(None, max_length=32, pattern=NO_NUL)
    alert: str | None = Field(None, max_length=40, pattern=NO_NUL)
    digest: NotificationId | None = None
    ids: tuple[NotificationId, ...] | None = Field(None, max_length=100)
    created_after: AwareDatetime | None = None
    created_before: AwareDatetime | None = None

    def filter(self, own: str | None) -> NotificationFilter:
        """Those, of one client where `own` names it."""
        elsewhere = own is not None and self.client not in (None, own)
        return NotificationFilter(
            client_id=own or self.client,
            ids=() if elsewhere else self.ids,
            states=self.state,
            channels=self.channel,
            events=self.event,
            severities=self.severity,
            account=self.account,
            alert_id=self.alert,
            digest_id=self.digest,
            created=(unix(self.created_after), unix(self.created_before)),
        )


class NotificationQuery(NotificationWanted):
    """The query of GET /v1/notifications."""

    limit: int = Field(20, ge=1, le=100)
    cursor: NotificationId | None = None


class NotificationsHandler:
    """What is sent to people. A key sees what it asked for, with the scope admin everything."""

    def __init__(self, notifications: ClientNotifications, audit: AuditLog) -> None:
        self._notifications = notifications
        self._audit = audit

    async def create(self, request: Request) -> Response:
        """Have something sent."""
        client = require_scope(request, Scope.NOTIFY, Scope.ADMIN)
        said = await read_model(request, NotificationRequest, max_bytes=_MAX_BYTES)
        if said.account is not None and said.account not in client.accounts:
            raise UnknownAccount(account=said.account)
        key, body_hash = idempotency_key(request), _hash(said.model_dump_json())
        key_hash = None if key is None else _hash(json.dumps([client.id, "notifications", key]))
        row = None if key_hash is None else await self._notifications.made_by(key_hash)
        if row is None:
            asked = Asked(
                **{name: getattr(said, name) for name in type(said).model_fields},
                client_id=client.id,
                key_hash=key_hash,
                body_hash=body_hash,
            )
            row = await self._notifications.send(asked)
        if row.body_hash != body_hash:
            raise IdempotencyMismatch
        return _accepted(row)

    async def list(self, request: Request) -> Response:
        """A page of them, newest first."""
        query, own = read_query(request, NotificationQuery), _whose(request)
        rows, cursor = await self._notifications.page(
            query.filter(own), before=query.cursor, limit=query.limit
        )
        return JSONResponse({"items": [_view(row) for row in rows], "next_cursor": cursor})

    async def summary(self, request: Request) -> Response:
        """How many there are in each state."""
        query, own = read_query(request, NotificationWanted), _whose(request)
        states = await self._notifications.summary(query.filter(own))
        return JSONResponse({"states": states, "total": sum(states.values())})

    async def get(self, request: Request) -> Response:
        """One of them, with its attempts."""
        told = await self._notifications.get(_notification_id(request), _whose(request))
        detail = {
            "text": told.row.content.get("text"),
            "attachments": list(told.files),
            "tries": [view_of(AttemptView, attempt) for attempt in told.attempts],
        }
        return JSONResponse({**_view(told.row), **detail})

    async def resend(self, request: Request) -> Response:
        """Send it once more."""
        seen, own = _notification_id(request), _whose(request)
        row = await self._notifications.resend(seen, own)
        detail = {"resent_as": row.id, "channel": row.channel}
        await self._audit.note(editor_of(request).did("notification.resend", seen, detail))
        return _accepted(row)


def _whose(request: Request) -> str | None:
    """Whose notifications the caller may see; None: anybody's. Raises ScopeMissing."""
    client: Client = require_scope(request, Scope.NOTIFY, Scope.ADMIN)
    return None if client.may(Scope.ADMIN) else client.id


def _notification_id(request: Request) -> str:
    return path_id(request, "notification_id", form=_ID, unknown=NotificationUnknown)


def _accepted(row: NotificationRow) -> Response:
    headers = {"Location": f"/v1/notifications/{row.id}"}
    return JSONResponse(_view(row), status_code=202, headers=headers)


def _view(row: NotificationRow) -> dict[str, Any]:
    waits = row.state in ("pending", "held")
    return view_of(
        *(NotificationView, row),
        client=row.client_id,
        alert=row.alert_id,
        **{name: row.recipients.get(name, []) for name in ("to", "cc", "bcc")},
        subject=row.content.get("subject"),
        carried_by=row.digest_id,
        next_at=rfc3339(row.next_at) if waits else None,
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
