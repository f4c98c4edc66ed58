from collections.abc import Awaitable, Callable

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.account_book import AccountBook
from accounts.account_forms import AccountChanges, AccountView
from accounts.clients import Scope
from accounts.official import Accounts, OfficialAccount
from handlers.bodies import read_model
from handlers.capabilities import AccountFacts, CapabilityView
from handlers.edits import editor_of, etag, expected_version
from handlers.guard import require_scope
from handlers.queries import read_query

_MAX_BYTES = 100_000


class AccountViews(BaseModel):
    """Accounts by name; `next_cursor` asks for those after."""

    items: list[AccountView]
    next_cursor: str | None


class AccountDetail(AccountView):
    """One account, with what WeChat lets it do."""

    capabilities: CapabilityView | None = Field(description="null before the first probe")
    quota_remaining: dict[str, int] = Field(description="calls left today by path; locked: none")


class AccountPage(BaseModel):
    """The query of a list of accounts."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200)
    cursor: str = Field("", max_length=32)


class AdminAccountsHandler:
    """The official accounts of the store, for clients with the scope admin.

    Those of the file are there to look at. Secrets go in and never come out.
    """

    def __init__(
        self,
        book: AccountBook,
        follow: Callable[[], Awaitable[None]],
        accounts: Accounts,
        facts: AccountFacts,
    ) -> None:
        self._book = book
        self._follow = follow
        self._accounts = accounts
        self._facts = facts

    async def list(self, request: Request) -> Response:
        """All accounts, page by page."""
        require_scope(request, Scope.ADMIN)
        page = read_query(request, AccountPage)
        after = [view for view in await self._book.list() if view.name > page.cursor]
        items = after[: page.limit]
        cursor = items[-1].name if len(after) > len(items) else None
        return JSONResponse(AccountViews(items=items, next_cursor=cursor).model_dump(mode="json"))

    async def get(self, request: Request) -> Response:
        """One account, its version as ETag."""
        require_scope(request, Scope.ADMIN)
        return await self._shown(request.path_params["name"])

    async def create(self, request: Request) -> Response:
        """A new account."""
        require_scope(request, Scope.ADMIN)
        new = await read_model(request, OfficialAccount, max_bytes=_MAX_BYTES)
        await self._book.add(new, editor_of(request))
        await self._follow()
        response = await self._shown(new.name, status=201)
        response.headers["Location"] = f"/v1/admin/accounts/{new.name}"
        return response

    async def change(self, request: Request) -> Response:
        """Other settings or secrets, as far as they are named."""
        require_scope(request, Scope.ADMIN)
        name, version = request.path_params["name"], expected_version(request)
        changes = await read_model(request, AccountChanges, max_bytes=_MAX_BYTES)
        await self._book.change(name, changes, editor_of(request), version=version)
        await self._follow()
        return await self._shown(name)

    async def remove(self, request: Request) -> Response:
        """No such account any more."""
        require_scope(request, Scope.ADMIN)
        name, version = request.path_params["name"], expected_version(request)
        await self._book.remove(name, editor_of(request), version=version)
        await self._follow()
        return Response(status_code=204)

    async def _shown(self, name: str, status: int = 200) -> Response:
        view = await self._book.get(name)
        usable = next((account for account in self._accounts if account.name == name), None)
        detail = AccountDetail(
            **dict(view),
            capabilities=self._facts.capabilities(view.app_id),
            quota_remaining={} if usable is None else self._facts.remaining(usable),
        )
        body = detail.model_dump(mode="json")
        return JSONResponse(body, status_code=status, headers=etag(view.version))
