from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from accounts.clients import Client
from accounts.official import Accounts, OfficialAccount
from cache.call_stats import CallStats, Labels
from cache.fleet import Fleet
from cache.stats import CacheStatistics
from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware
from handlers.stats import StatsHandler

ACCOUNTS = Accounts(
    OfficialAccount(name=name, app_id=f"wx000000000000000{n}", app_secret=SecretStr("S"))
    for n, name in enumerate(("main", "other"))
)


CALLS = (
    ("/cgi-bin/draft/add", "blog", "main"),
    ("/cgi-bin/draft/add", "agent", "main"),
    ("/cgi-bin/draft/add", "agent", "other"),
    ("/v1/render", "blog", ""),
    ("/v1/render", "agent", ""),
    ("/v1/accounts", "", ""),
)


def app(*scopes: str) -> AccessMiddleware:
    client = Client.model_validate(
        {
            "id": "blog",
            "key": "wxg_blog_0123456789abcdefghijklmn",
            "accounts": ["main"],
            "scopes": scopes,
        }
    )
    caches = CacheStatistics(Metrics())
    token = caches.register("token", "memory")
    for account in ACCOUNTS:
        token.count("hit", account.app_id, 3)
        token.count("miss", account.app_id)
    caches.register("image", "database").count("hit", "main")
    nonces = caches.register("nonce", "memory")
    for client_id in ("blog", "main"):
        nonces.count("set", client_id)
    breakers = {name: {"api.weixin.qq.com": {"state": "closed"}} for name in ("main", "other")}
    caches.add_section("upstream", lambda: {"hosts": [], "breakers": breakers})
    caches.add_section("tokens", lambda: {"main": {"age_s": 1}, "other": {"age_s": 2}})

    async def entries() -> dict[str, int]:
        return {"main": 5, "other": 2}

    calls = CallStats()
    caches.add_section("calls", calls.describe)
    for labels in CALLS:
        calls.record(Labels(*labels), 0.1)
    fleet = Fleet(caches, {}, process_id="one", shared=None)
    stats = StatsHandler(fleet.snapshot, ACCOUNTS, entries)
    mount = Mount(
        "/v1",
        routes=[Route("/stats/cache", stats.cache), Route("/stats/calls", stats.calls)],
        middleware=[Middleware(AuthMiddleware, authenticate=lambda _scope: client)],
    )
    starlette = Starlette(routes=[mount], exception_handlers=EXCEPTION_HANDLERS)
    return AccessMiddleware(starlette, Metrics(), calls)


async def test_a_client_sees_its_own_accounts_by_name(http: Any) -> None:
    async with http(app("stats")) as caller:
        told = (await caller.get("/v1/stats/cache")).json()
    token, image, nonces = told["caches"]
    assert set(nonces["accounts"]) == {"blog"}
    assert set(token["accounts"]) == {"main"}
    assert token["accounts"]["main"]["hits"] == 3
    assert token["accounts"]["main"]["ratio"] == 0.75
    assert token["accounts"]["main"]["windows"]["5m"]["misses"] == 1
    assert (image["entries"], image["accounts"]["main"]["entries"]) == (7, 5)
    assert set(told["tokens"]) == {"main"}
    assert set(told["upstream"]["breakers"]) == {"main"}


async def test_an_admin_sees_all_accounts(http: Any) -> None:
    async with http(app("admin")) as caller:
        told = (await caller.get("/v1/stats/cache")).json()
    assert set(told["caches"][0]["accounts"]) == {"main", "other"}
    assert set(told["caches"][2]["accounts"]) == {"blog", "main"}
    assert set(told["tokens"]) == {"main", "other"}
    assert set(told["upstream"]["breakers"]) == {"main", "other"}


@pytest.mark.parametrize("scope", ["draft", "relay:read"])
async def test_the_scope_is_needed(http: Any, scope: str) -> None:
    async with http(app(scope)) as caller:
        response = await caller.get("/v1/stats/cache")
    assert (response.status_code, response.json()["error"]["code"]) == (403, "scope_missing")


async def test_a_client_sees_calls_on_its_accounts_and_its_own_on_none(http: Any) -> None:
    async with http(app("stats")) as caller:
        told = (await caller.get("/v1/stats/calls")).json()
        again = (await caller.get("/v1/stats/calls")).json()
    assert told["processes"] == 1
    counts = {name: line["calls"] for name, line in told["endpoints"].items()}
    assert counts == {"/cgi-bin/draft/add": 2, "/v1/render": 1}
    assert {name: line["calls"] for name, line in told["accounts"].items()} == {"main": 2}
    assert {name: line["calls"] for name, line in told["clients"].items()} == {
        "agent": 1,
        "blog": 2,
    }
    assert again["endpoints"]["/v1/stats/calls"]["calls"] == 1


async def test_an_admin_sees_all_calls_and_nobody_without_the_scope_any(http: Any) -> None:
    async with http(app("admin")) as caller:
        told = (await caller.get("/v1/stats/calls")).json()
    assert told["total"]["calls"] == len(CALLS)
    assert set(told["accounts"]) == {"main", "other"}
    async with http(app("draft")) as caller:
        refused = await caller.get("/v1/stats/calls")
        assert refused.status_code == 403


async def test_calls_are_no_part_of_the_caches(http: Any) -> None:
    async with http(app("stats")) as caller:
        assert "calls" not in (await caller.get("/v1/stats/cache")).json()
