from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from accounts.clients import Client, Clients, Scope
from accounts.official import Accounts
from cache.counters import MemoryCounters
from cache.windows import MemoryWindows
from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware
from handlers.limits import LimitsAnswer, LimitsHandler, QuotaAnswer
from proxy.quota import QuotaLedger
from proxy.ratelimit import Limiter
from proxy.rulebook import Rulebook
from tests.gateway import CLIENTS, MAIN, PERSONAL, limit_stats

MENU = "/cgi-bin/menu/get"


async def app(*scopes: Scope) -> AccessMiddleware:
    client: Client = CLIENTS[0].model_copy(update={"scopes": frozenset(scopes)})
    ledger = QuotaLedger(MemoryCounters())
    ledger.count(MAIN, "/cgi-bin/draft/add", 0)
    limiter = Limiter(MemoryWindows(), Rulebook({}, ledger), ledger, Metrics(), limit_stats())
    with await limiter.admit(client, MAIN, MENU):
        pass
    handler = LimitsHandler(
        limiter, ledger, Clients([client, *CLIENTS[1:]]), Accounts((MAIN, PERSONAL))
    )
    mount = Mount(
        "/v1",
        routes=[Route("/limits", handler.limits), Route("/quota", handler.quota)],
        middleware=[Middleware(AuthMiddleware, authenticate=lambda _scope: client)],
    )
    starlette = Starlette(routes=[mount], exception_handlers=EXCEPTION_HANDLERS)
    return AccessMiddleware(starlette, Metrics())


async def test_a_client_sees_itself_and_its_accounts(http: Any) -> None:
    async with http(await app(Scope.STATS)) as caller:
        limits = (await caller.get("/v1/limits")).json()
        quota = (await caller.get("/v1/quota")).json()
    LimitsAnswer.model_validate(limits)
    QuotaAnswer.model_validate(quota)
    assert [(item["rule"], item["used"]) for item in limits["items"]] == [
        ("client blog: * = 600/minute", 1)
    ]
    assert [line["who"] for line in limits["concurrent"]] == ["client blog", "account main"]
    assert set(quota["accounts"]) == {"main"}
    assert quota["accounts"]["main"]["paths"]["/cgi-bin/draft/add"]["remaining"] == 999


async def test_an_admin_sees_all(http: Any) -> None:
    async with http(await app(Scope.ADMIN)) as caller:
        limits = (await caller.get("/v1/limits")).json()
        quota = (await caller.get("/v1/quota")).json()
    assert {item["who"] for item in limits["items"]} == {
        *("client blog", "client reader", "client both"),
    }
    assert set(quota["accounts"]) == {"main", "personal"}


@pytest.mark.parametrize("path", ["/v1/limits", "/v1/quota"])
async def test_the_scope_is_needed(http: Any, path: str) -> None:
    async with http(await app(Scope.DRAFT)) as caller:
        response = await caller.get(path)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "scope_missing")
