from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.audit import AuditEntry, AuditLog
from accounts.clients import Scope
from accounts.official import Accounts, OfficialAccount
from cache.fleet import Fleet
from core.errors import GatewayError, Text
from handlers.bodies import read_if_any
from handlers.edits import editor_of
from handlers.guard import require_scope
from handlers.queries import read_query

_MAX_BYTES = 65_536
NAMES = ("token", "response", "image", "render", "nonce", "limit")

# Fetches into a cache what is asked of one account; says what became of it, by path ("" for none).
Warm = Callable[[OfficialAccount, tuple[str, ...]], Awaitable[dict[str, str]]]


class CacheUnknown(GatewayError):
    """No cache of that name."""

    status = 404
    code = "cache_unknown"
    category = "params"
    message = Text("没有名为 {cache} 的缓存", "there is no cache named {cache}")
    hint = Text("可用的名称：{names}", "the names: {names}")


class CacheKept(GatewayError):
    """A cache that cannot be cleared or warmed."""

    status = 422
    code = "cache_kept"
    category = "params"
    message = Text("缓存 {cache} 不能这样做", "this cannot be done to the cache {cache}")
    hint = Text(
        "清空 nonce 会让签名请求可以被重放；没有内容可预取的缓存不能预热",
        "without its nonces signed requests could be replayed; "
        "a cache with nothing to fetch cannot be warmed",
    )


class CacheQuery(BaseModel):
    """The query of DELETE /v1/admin/cache/{name}."""

    model_config = ConfigDict(extra="forbid")

    account: str = Field("", max_length=64, description="one account; empty: all")


class WarmRequest(BaseModel):
    """Body of POST /v1/admin/cache/{name}/warm."""

    model_config = ConfigDict(extra="forbid")

    account: str = Field("", max_length=64, description="one account; empty: all")
    paths: tuple[Annotated[str, Field(max_length=300)], ...] = Field(
        (), max_length=50, description="GET paths with their query; empty: a few harmless ones"
    )


class ClearAnswer(BaseModel):
    """Which accounts' part is empty now."""

    cache: str
    cleared: list[str]


class WarmAnswer(BaseModel):
    """By account and path ("": the account's token): ok, or the code of what went wrong."""

    cache: str
    warmed: dict[str, dict[str, str]]


class CacheAdminHandler:
    """Clears and warms caches, for keys with the scope admin; both are audited."""

    def __init__(
        self, fleet: Fleet, accounts: Accounts, audit: AuditLog, warms: dict[str, Warm]
    ) -> None:
        self._fleet = fleet
        self._accounts = accounts
        self._audit = audit
        self._warms = warms

    async def clear(self, request: Request) -> Response:
        """Empty a cache in every process, for one account or all."""
        require_scope(request, Scope.ADMIN)
        cache = _known(request, self._fleet.caches)
        accounts = list(self._named(read_query(request, CacheQuery).account))
        for account in accounts:
            await self._fleet.clear(cache, account.app_id)
        await self._note(request, "clear", cache, accounts)
        cleared = [account.name for account in accounts]
        return JSONResponse(ClearAnswer(cache=cache, cleared=cleared).model_dump())

    async def warm(self, request: Request) -> Response:
        """Fetch what callers will ask for."""
        require_scope(request, Scope.ADMIN)
        cache = _known(request, self._warms)
        wanted = await read_if_any(request, WarmRequest, max_bytes=_MAX_BYTES)
        accounts = list(self._named(wanted.account))
        warm = self._warms[cache]
        warmed = {account.name: await warm(account, wanted.paths) for account in accounts}
        await self._note(request, "warm", cache, accounts)
        return JSONResponse(WarmAnswer(cache=cache, warmed=warmed).model_dump())

    def _named(self, account: str) -> Iterable[OfficialAccount]:
        return [self._accounts.get(account)] if account else self._accounts

    async def _note(
        self, request: Request, verb: str, cache: str, accounts: list[OfficialAccount]
    ) -> None:
        editor = editor_of(request)
        await self._audit.note(
            AuditEntry(
                actor=editor.actor,
                action=f"cache.{verb}",
                subject=cache,
                account=accounts[0].name if len(accounts) == 1 else None,
                detail={"accounts": [account.name for account in accounts]},
                request_id=editor.request_id,
                ip=editor.ip,
            )
        )


def _known(request: Request, able: Iterable[str]) -> str:
    """The cache that the path names. Raises CacheUnknown, CacheKept."""
    cache: str = request.path_params["name"]
    if cache not in NAMES:
        raise CacheUnknown(cache=cache[:32], names=", ".join(NAMES))
    if cache not in able:
        raise CacheKept(cache=cache)
    return cache
