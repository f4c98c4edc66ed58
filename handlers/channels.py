import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client, Scope
from core.clock import Clock
from core.errors import Text
from core.ids import new_id
from handlers.bodies import read_if_any, read_model
from handlers.channel_desk import ChannelDesk
from handlers.edits import editor_of, etag, expected_version
from handlers.guard import require_scope
from notify.channel_errors import ChannelInvalid, ChannelLocked, ChannelUnknown
from notify.channel_forms import shown
from notify.channel_settings import ChannelSettings
from notify.channels import Channels
from notify.message import Message
from notify.sender import DeliveryUnknown, NotDelivered
from store.channels import ChannelRow

_MAX_BYTES = 50_000
_SUBJECT = Text("wxgate 测试消息", "a test message of wxgate")
_TEXT = Text(
    "收到这条消息，说明渠道 {channel} 配置无误。",
    "This message shows that the channel {channel} is set up right.",
)

Recipient = Annotated[str, StringConstraints(min_length=1, max_length=254)]


class ChannelEntry(BaseModel):
    """A channel as one of `[[channels]]`: the keys of its type beside these."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(max_length=64)
    type: str = Field(max_length=64)


class ChannelChanges(BaseModel):
    """The keys that are to change; a secret that is not named stays."""

    model_config = ConfigDict(extra="allow")


class ChannelTest(BaseModel):
    """Whom a test message is for."""

    model_config = ConfigDict(extra="forbid")

    to: tuple[Recipient, ...] = Field((), max_length=10, description="empty: the channel's own")


class ChannelView(BaseModel):
    """A way to people, without its credentials."""

    name: str
    type: str
    enabled: bool
    locked: bool = Field(description="its settings do not open: the master key is another")
    source: Literal["file", "store"]
    takes_to: bool = Field(description="whether a message may name who gets it")
    takes_files: bool = Field(description="whether it can carry attachments")
    allow_to: list[str] = Field(description="who may be named; empty: none but its own recipients")
    version: int | None = Field(description="grows with each change; null for those of the file")
    settings: dict[str, Any] | None = Field(description="for admins; credentials masked")


class ChannelList(BaseModel):
    """Channels by name."""

    items: list[ChannelView]
    next_cursor: None = None


class ChannelTested(BaseModel):
    """What came of a test message."""

    outcome: Literal["sent", "failed", "unknown"]
    error: str | None
    reference: str | None = Field(description="how the provider names the message")
    took_ms: int


class ChannelsHandler:
    """Ways to people: those who may send see theirs, admins see and change all."""

    def __init__(
        self,
        channels: Channels,
        desk: ChannelDesk,
        follow: Callable[[], Awaitable[None]],
        *,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._channels = channels
        self._desk = desk
        self._follow = follow
        self._clock = clock
        self._monotonic = monotonic

    async def list(self, request: Request) -> Response:
        """Those that the caller may send by; for admins all."""
        client = require_scope(request, Scope.NOTIFY, Scope.ADMIN)
        stored = await self._desk.rows()
        names = {each.name for each in self._channels.all()} | stored.keys()
        views = [self._view(name, stored.get(name), client) for name in sorted(names)]
        items = [view.model_dump() for view in views if view is not None]
        return JSONResponse({"items": items, "next_cursor": None})

    async def get(self, request: Request) -> Response:
        """One of them."""
        client = require_scope(request, Scope.NOTIFY, Scope.ADMIN)
        return await self._shown(request.path_params["name"], client)

    async def create(self, request: Request) -> Response:
        """A new one."""
        client = require_scope(request, Scope.ADMIN)
        entry = await read_model(request, ChannelEntry, max_bytes=_MAX_BYTES)
        row = await self._desk.add(entry.model_dump(), editor_of(request))
        await self._follow()
        response = await self._shown(row.name, client)
        response.status_code = 201
        response.headers["Location"] = f"/v1/channels/{row.name}"
        return response

    async def change(self, request: Request) -> Response:
        """Other settings."""
        client, version = require_scope(request, Scope.ADMIN), expected_version(request)
        said = await read_model(request, ChannelChanges, max_bytes=_MAX_BYTES)
        name = request.path_params["name"]
        await self._desk.change(name, said.model_dump(), editor_of(request), version=version)
        await self._follow()
        return await self._shown(name, client)

    async def remove(self, request: Request) -> Response:
        """No such channel any more."""
        require_scope(request, Scope.ADMIN)
        version = expected_version(request)
        await self._desk.remove(request.path_params["name"], editor_of(request), version=version)
        await self._follow()
        return Response(status_code=204)

    async def test(self, request: Request) -> Response:
        """Send a message that tells of nothing, now, and say what came of it."""
        require_scope(request, Scope.ADMIN)
        said = await read_if_any(request, ChannelTest, max_bytes=_MAX_BYTES)
        settings = self._channels.get(request.path_params["name"])
        if said.to and not self._channels.kind(settings.name).takes_to:
            raise ChannelInvalid(field="to", reason=f"to: {settings.type}")
        message = self._message(settings, said.to)
        began = self._monotonic()
        outcome, error, reference = await self._tried(settings.name, message)
        took_ms = round((self._monotonic() - began) * 1_000)
        told = ChannelTested(outcome=outcome, error=error, reference=reference, took_ms=took_ms)
        return JSONResponse(told.model_dump())

    async def _tried(
        self, name: str, message: Message
    ) -> tuple[Literal["sent", "failed", "unknown"], str | None, str | None]:
        sender = self._channels.sender(name)
        try:
            receipt = await sender.send(message)
        except NotDelivered as exc:
            return "failed", exc.reason, None
        except DeliveryUnknown as exc:
            return "unknown", exc.reason, None
        return "sent", None, receipt.reference or None

    def _message(self, settings: ChannelSettings, to: tuple[str, ...]) -> Message:
        values: dict[str, object] = {"channel": settings.name}
        subject = _SUBJECT.fill(settings.language, values)
        text = _TEXT.fill(settings.language, values)
        return Message(
            id=new_id("ntf"),
            subject=subject,
            text=f"{subject}\n{text}",
            markdown=f"**{subject}**\n\n{text}",
            language=settings.language,
            to=to,
            variables={"subject": subject},
            created_at=self._clock(),
        )

    async def _shown(self, name: str, client: Client) -> Response:
        row = (await self._desk.rows()).get(name)
        view = self._view(name, row, client)
        if view is None:
            raise ChannelUnknown(channel=name[:64])
        headers = {} if view.version is None else etag(view.version)
        return JSONResponse(view.model_dump(), headers=headers)

    def _view(self, name: str, row: ChannelRow | None, client: Client) -> ChannelView | None:
        """What that client may see of it, if anything."""
        admin = client.may(Scope.ADMIN)
        try:
            settings = self._channels.get(name)
        except ChannelLocked:
            return _locked(row) if row is not None and admin else None
        except ChannelUnknown:  # just removed, or not followed yet
            return None
        if not (admin or settings.serves(client.id)):
            return None
        kind, in_file = self._channels.kind(name), self._channels.in_file(name)
        return ChannelView(
            name=name,
            type=settings.type,
            enabled=settings.enabled,
            locked=False,
            source="file" if in_file else "store",
            takes_to=kind.takes_to,
            takes_files=kind.takes_files,
            allow_to=list(settings.allow_to),
            version=None if in_file or row is None else row.version,
            settings=shown(settings) if admin else None,
        )


def _locked(row: ChannelRow) -> ChannelView:
    return ChannelView(
        name=row.name,
        type=row.type,
        enabled=not row.disabled,
        locked=True,
        source="store",
        takes_to=False,
        takes_files=False,
        allow_to=[],
        version=row.version,
        settings=None,
    )
