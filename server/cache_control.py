"""How each cache is cleared and warmed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from accounts.clients import Client, Scope
from accounts.official import Accounts, OfficialAccount
from cache.fleet import Clear, Fleet
from cache.keys import Keys
from cache.redis import RedisLink
from cache.responses import ResponseStore
from cache.stats import CacheStatistics
from content.renderer import Renderer
from core.errors import GatewayError, Text
from core.ids import new_id
from core.tasks import TaskSet
from handlers.cache_admin import Warm
from proxy.call import RelayedCall
from proxy.ratelimit import Limiter
from proxy.request import Query
from proxy.responses import CachedCalls
from proxy.routing import Route
from proxy.tokens import TokenService
from store.images import UploadedImages
from wechat.catalogue import Catalogue

# Reads that change nothing, need no permission of the account's, and are asked for often.
_HARMLESS = (
    "/cgi-bin/getcallbackip",
    "/cgi-bin/get_api_domain_ip",
    "/cgi-bin/ticket/getticket?type=jsapi",
    "/cgi-bin/material/get_materialcount",
)
_HEADERS = {"User-Agent": "wxgate", "Accept-Encoding": "identity"}


class NotWarmable(GatewayError):
    """A path whose answer is not kept, or that is no GET with our token."""

    status = 422
    code = "path_not_cached"
    category = "params"
    message = Text("{path} 的应答不缓存", "answers of {path} are not kept")
    hint = Text("只能预热目录中可缓存的 GET 接口", "only GET paths that the catalogue lets be kept")


@dataclass(frozen=True)
class CacheControl:
    """What statistics and admin calls reach the caches by."""

    fleet: Fleet
    warms: dict[str, Warm]


@asynccontextmanager
async def open_fleet(
    statistics: CacheStatistics,
    clears: Mapping[str, Clear],
    shared: tuple[RedisLink, Keys] | None,
) -> AsyncIterator[Fleet]:
    """This process as one of those on the same Redis."""
    fleet = Fleet(statistics, clears, process_id=new_id("process"), shared=shared)
    tasks = TaskSet()
    tasks.start(fleet.run(), name="exchange statistics")
    try:
        yield fleet
    finally:
        await tasks.aclose()


def clears_of(
    tokens: TokenService, responses: ResponseStore, images: UploadedImages, accounts: Accounts
) -> dict[str, Clear]:
    """What empties one account's part of each cache; a token is replaced by its next use."""

    async def token(app_id: str) -> None:
        tokens.forget(app_id, before=time.time())

    async def image(app_id: str) -> None:
        await images.clear(accounts.get(app_id).name)

    return {"token": token, "response": responses.clear, "image": image}


def limit_clears(
    limiter: Limiter, accounts: Accounts, clients: Callable[[], Iterable[Client]]
) -> dict[str, Clear]:
    """What lets callers of an account begin anew: its own limits, and those of its clients."""

    async def limit(app_id: str) -> None:
        account = accounts.get(app_id)
        await limiter.clear([each for each in clients() if account.name in each.accounts], account)

    return {"limit": limit}


def render_clears(renderer: Renderer) -> dict[str, Clear]:
    """What forgets rendered articles: those of all accounts, since they are no account's."""

    async def render(_app_id: str) -> None:
        renderer.forget()

    return {"render": render}


def warms_of(
    tokens: TokenService,
    calls: CachedCalls,
    catalogue: Catalogue,
    clients: Callable[[], Iterable[Client]],
) -> dict[str, Warm]:
    """What fetches into each cache."""

    async def token(account: OfficialAccount, _paths: tuple[str, ...]) -> dict[str, str]:
        try:
            await tokens.get(account)
        except GatewayError as error:
            return {"": error.code}
        return {"": "ok"}

    async def response(account: OfficialAccount, paths: tuple[str, ...]) -> dict[str, str]:
        wanted = {path: _call(catalogue, account, path) for path in paths or _HARMLESS}
        rights = {
            client.scopes
            for client in clients()
            if client.may(Scope.RELAY_READ) and account.name in client.accounts
        }
        warmed = dict.fromkeys(wanted, "nobody may read it")
        for path, call in wanted.items():
            for shared_by in rights:
                warmed[path] = await _fetched(calls, call, shared_by)
        return warmed

    return {"token": token, "response": response}


async def _fetched(calls: CachedCalls, call: RelayedCall, rights: Iterable[str]) -> str:
    try:
        async with asyncio.timeout(30):
            relayed = await calls.relay(call, rights)
    except (GatewayError, TimeoutError) as error:
        return getattr(error, "code", "timeout")
    relayed.exchange.close()
    return f"errcode {relayed.exchange.errcode}" if relayed.exchange.errcode else "ok"


def _call(catalogue: Catalogue, account: OfficialAccount, path_and_query: str) -> RelayedCall:
    path, _, query = path_and_query.partition("?")
    endpoint = catalogue.find(path)
    if (
        endpoint is None
        or (endpoint.method, endpoint.auth) != ("GET", "access_token")
        or not endpoint.cacheable_s
        or not query.isascii()
    ):
        raise NotWarmable(path=path[:100])
    return RelayedCall(
        account, Route(path, endpoint), "GET", Query(query.encode()), dict(_HEADERS), None
    )
