from collections.abc import Awaitable, Callable

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.client_book import ClientBook
from accounts.client_forms import ClientChanges, ClientView, NewClient
from accounts.clients import Scope
from handlers.bodies import read_if_any, read_model
from handlers.edits import editor_of, etag, expected_version
from handlers.guard import require_scope
from handlers.queries import read_query

_MAX_BYTES = 100_000
_DAY_S = 86_400
_LONGEST_OVERLAP_S = 90 * _DAY_S


class ClientList(BaseModel):
    """Clients by id; `next_cursor` asks for those after."""

    items: list[ClientView]
    next_cursor: str | None


class ClientWithKey(ClientView):
    """A client and its new key, which is told this once."""

    key: str


class Rotation(BaseModel):
    """A new key is wanted."""

    model_config = ConfigDict(extra="forbid")

    overlap_s: int = Field(
        _DAY_S,
        ge=0,
        le=_LONGEST_OVERLAP_S,
        description="how long the key before is still taken; 0: not at all",
    )


class ClientPage(BaseModel):
    """The query of a list of clients."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200)
    cursor: str = ""


class ClientsHandler:
    """The clients of the store, for clients with the scope admin; those of the file to look at."""

    def __init__(self, book: ClientBook, follow: Callable[[], Awaitable[None]]) -> None:
        self._book = book
        self._follow = follow

    async def list(self, request: Request) -> Response:
        """All clients, page by page."""
        require_scope(request, Scope.ADMIN)
        page = read_query(request, ClientPage)
        after = [view for view in await self._book.list() if view.id > page.cursor]
        items = after[: page.limit]
        cursor = items[-1].id if len(after) > len(items) else None
        return JSONResponse(ClientList(items=items, next_cursor=cursor).model_dump(mode="json"))

    async def get(self, request: Request) -> Response:
        """One client, its version as ETag."""
        require_scope(request, Scope.ADMIN)
        return await self._shown(request.path_params["client"])

    async def create(self, request: Request) -> Response:
        """A new client, its key beside it."""
        require_scope(request, Scope.ADMIN)
        new = await read_model(request, NewClient, max_bytes=_MAX_BYTES)
        key = await self._book.add(new, editor_of(request))
        return await self._with_key(new.id, key)

    async def change(self, request: Request) -> Response:
        """Other settings, as far as they are named."""
        require_scope(request, Scope.ADMIN)
        client_id, version = request.path_params["client"], expected_version(request)
        changes = await read_model(request, ClientChanges, max_bytes=_MAX_BYTES)
        await self._book.change(client_id, changes, editor_of(request), version=version)
        await self._follow()
        return await self._shown(client_id)

    async def remove(self, request: Request) -> Response:
        """No such client any more."""
        require_scope(request, Scope.ADMIN)
        client_id, version = request.path_params["client"], expected_version(request)
        await self._book.remove(client_id, editor_of(request), version=version)
        await self._follow()
        return Response(status_code=204)

    async def rotate(self, request: Request) -> Response:
        """A new key; the one before lives on for a while."""
        require_scope(request, Scope.ADMIN)
        client_id = request.path_params["client"]
        wanted = await read_if_any(request, Rotation, max_bytes=_MAX_BYTES)
        key = await self._book.rotate(client_id, editor_of(request), overlap_s=wanted.overlap_s)
        return await self._with_key(client_id, key)

    async def revoke(self, request: Request) -> Response:
        """One key less, from now on."""
        require_scope(request, Scope.ADMIN)
        client_id = request.path_params["client"]
        await self._book.revoke(client_id, request.path_params["key"], editor_of(request))
        await self._follow()
        return await self._shown(client_id)

    async def _shown(self, client_id: str) -> Response:
        view = await self._book.get(client_id)
        return JSONResponse(view.model_dump(mode="json"), headers=etag(view.version))

    async def _with_key(self, client_id: str, key: str) -> Response:
        await self._follow()
        view = await self._book.get(client_id)
        body = {**view.model_dump(mode="json"), "key": key}
        headers = {**etag(view.version), "Cache-Control": "no-store"}
        return JSONResponse(body, status_code=201, headers=headers)
