from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client
from accounts.official import UnknownAccount
from core.clock import rfc3339
from handlers.bodies import read_model
from handlers.edits import editor_of, etag, expected_version
from handlers.queries import path_id, read_query
from handlers.views import view_of
from jobs.webhooks import DeliveryUnknown, Webhooks, WebhookUnknown
from store.deliveries import DeliveryRow
from store.webhooks import WebhookRow

_MAX_BYTES = 20_000
_WEBHOOK_ID = "whk_[0-9a-z]{26}"
_DELIVERY_ID = "msg_[0-9a-z]{26}"

# A type, or the beginning of several with a * after it.
EventPattern = Annotated[
    str,
    StringConstraints(pattern=r"^(\*|(job|wechat)\.([A-Za-z0-9_]{1,48}|[A-Za-z0-9_]{0,48}\*))$"),
]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2_048)]
AccountNames = Annotated[list[str], Field(max_length=200)]
EventPatterns = Annotated[list[EventPattern], Field(min_length=1, max_length=50)]
WebhookState = Literal["active", "disabled"]


class NewWebhook(BaseModel):
    """POST /v1/webhooks."""

    model_config = ConfigDict(extra="forbid")

    url: Url = Field(description="where to post to; public, or opened by fetch.allow_networks")
    events: EventPatterns = Field(["*"], description="types, with * at the end of one")
    accounts: AccountNames = Field([], description="of these alone; empty: all of the key's")


class WebhookChanges(BaseModel):
    """PATCH /v1/webhooks/{id}: what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    url: Url = ""
    events: EventPatterns = ["*"]
    accounts: AccountNames = []
    state: WebhookState = Field("active", description="disabled: what waits for it is given up")


class WebhookView(BaseModel):
    """A webhook, without its secret."""

    id: str
    url: str
    events: list[str]
    accounts: list[str]
    state: WebhookState
    version: int
    created_at: str
    updated_at: str


class WebhookWithSecret(WebhookView):
    """A webhook and what it is signed with, which is told this once."""

    secret: str


class WebhookList(BaseModel):
    """A key's webhooks, oldest first."""

    items: list[WebhookView]
    next_cursor: None = None


class DeliveryView(BaseModel):
    """Something that was to be told, and whether it arrived."""

    id: str = Field(description="the webhook-id of its message")
    type: str
    state: Literal["pending", "delivered", "dead"]
    attempts: int
    error: str | None = Field(description="why the last attempt failed")
    created_at: str
    next_at: str | None = Field(description="when it is tried (again)")
    body: dict[str, Any]


class DeliveryList(BaseModel):
    """A page of deliveries, newest first."""

    items: list[DeliveryView]
    next_cursor: str | None


class DeliveryQuery(BaseModel):
    """The query of a list of deliveries."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["pending", "delivered", "dead"] | None = None
    limit: int = Field(20, ge=1, le=100)
    cursor: str | None = Field(None, pattern=f"^{_DELIVERY_ID}$")


class WebhooksHandler:
    """Where a key wants to be told; each sees its own alone."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def list(self, request: Request) -> Response:
        """All of the caller's."""
        rows = await self._webhooks.list(_client(request).id)
        return JSONResponse({"items": [_view(row) for row in rows], "next_cursor": None})

    async def create(self, request: Request) -> Response:
        """A new one, and its secret."""
        new = await read_model(request, NewWebhook, max_bytes=_MAX_BYTES)
        client = _client(request)
        _check_accounts(client, new.accounts)
        row, secret = await self._webhooks.add(client.id, new.model_dump(), editor_of(request))
        headers = {"Location": f"/v1/webhooks/{row.id}", **etag(row.version)}
        return JSONResponse({**_view(row), "secret": secret}, status_code=201, headers=headers)

    async def get(self, request: Request) -> Response:
        """One of them."""
        return _shown(await self._webhooks.get(_client(request).id, _webhook_id(request)))

    async def change(self, request: Request) -> Response:
        """Another address, other types, on or off."""
        client, webhook_id, version = (
            _client(request), _webhook_id(request), expected_version(request),
        )  # fmt: skip
        changes = await read_model(request, WebhookChanges, max_bytes=_MAX_BYTES)
        said = changes.model_dump(exclude_unset=True)
        _check_accounts(client, said.get("accounts", []))
        row = await self._webhooks.change(
            client.id, webhook_id, said, editor_of(request), version=version
        )
        return _shown(row)

    async def remove(self, request: Request) -> Response:
        """No such webhook any more."""
        await self._webhooks.remove(_client(request).id, _webhook_id(request), editor_of(request))
        return Response(status_code=204)

    async def test(self, request: Request) -> Response:
        """Send a message that tells of nothing."""
        row = await self._webhooks.test(_client(request).id, _webhook_id(request))
        return JSONResponse(_delivery(row), status_code=202)

    async def deliveries(self, request: Request) -> Response:
        """What was sent to it, and what waits."""
        query = read_query(request, DeliveryQuery)
        rows, cursor = await self._webhooks.deliveries(
            *(_client(request).id, _webhook_id(request)),
            state=query.state,
            before=query.cursor,
            limit=query.limit,
        )
        return JSONResponse({"items": [_delivery(row) for row in rows], "next_cursor": cursor})

    async def redeliver(self, request: Request) -> Response:
        """Send one of them once more."""
        webhook_id = _webhook_id(request)
        delivery_id = path_id(request, "delivery_id", form=_DELIVERY_ID, unknown=DeliveryUnknown)
        row = await self._webhooks.redeliver(_client(request).id, webhook_id, delivery_id)
        return JSONResponse(_delivery(row), status_code=202)


def _client(request: Request) -> Client:
    client: Client = request.state.client
    return client


def _webhook_id(request: Request) -> str:
    return path_id(request, "webhook_id", form=_WEBHOOK_ID, unknown=WebhookUnknown)


def _check_accounts(client: Client, names: list[str]) -> None:
    for name in names:
        if name not in client.accounts:
            raise UnknownAccount(account=name[:64])


def _shown(row: WebhookRow) -> Response:
    return JSONResponse(_view(row), headers=etag(row.version))


def _view(row: WebhookRow) -> dict[str, Any]:
    return view_of(WebhookView, row)


def _delivery(row: DeliveryRow) -> dict[str, Any]:
    next_at = rfc3339(row.next_at) if row.state == "pending" else None
    return view_of(DeliveryView, row, next_at=next_at)
