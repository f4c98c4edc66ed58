from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from accounts.clients import Client
from accounts.official import Accounts, OfficialAccount
from cache.counters import MemoryCounters
from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.accounts import AccountsHandler
from handlers.capabilities import AccountFacts
from handlers.guard import AuthMiddleware
from proxy.capabilities import Capabilities, Kept
from proxy.quota import QuotaLedger
from wechat.probe import Facts

ACCOUNTS = Accounts(
    OfficialAccount(name=name, app_id=f"wx000000000000000{n}", app_secret=SecretStr("SECRET"))
    for n, name in enumerate(("main", "second", "hidden"))
)


KNOWN = Capabilities()
KNOWN.set(
    "wx0000000000000000",
    Kept(facts=Facts(freepublish=False), checked_at=1_795_300_000, error="upstream_unreachable"),
)
FACTS = AccountFacts(KNOWN, QuotaLedger(MemoryCounters()))
ACCOUNTS.replace_stored([], [("shut", "wx000000000000000f")])


@pytest.mark.parametrize(("names", "default"), [(["main"], "main"), (["main", "second"], None)])
async def test_a_key_sees_its_own_accounts_and_never_a_secret(
    http: Any, names: list[str], default: str | None
) -> None:
    client = Client.model_validate(
        {
            "id": "blog",
            "key": "wxg_blog_0123456789abcdefghijklmn",
            "accounts": names,
            "scopes": ["draft"],
        }
    )
    mount = Mount(
        "/v1",
        routes=[Route("/accounts", AccountsHandler(ACCOUNTS, FACTS).list)],
        middleware=[Middleware(AuthMiddleware, authenticate=lambda _scope: client)],
    )
    async with http(AccessMiddleware(Starlette(routes=[mount]), Metrics())) as caller:
        response = await caller.get("/v1/accounts")
    listed = response.json()
    assert [item["name"] for item in listed["items"]] == names
    assert listed["default"] == default
    assert "SECRET" not in response.text


async def test_each_account_says_what_it_may_do_and_what_is_left(http: Any) -> None:
    client = Client.model_validate(
        {"id": "blog", "key": "wxg_blog_0123456789abcdefghijklmn", "scopes": ["draft"]}
        | {"accounts": ["main", "second", "shut"]}
    )
    mount = Mount(
        "/v1",
        routes=[Route("/accounts", AccountsHandler(ACCOUNTS, FACTS).list)],
        middleware=[Middleware(AuthMiddleware, authenticate=lambda _scope: client)],
    )
    async with http(AccessMiddleware(Starlette(routes=[mount]), Metrics())) as caller:
        main, second, shut = (await caller.get("/v1/accounts")).json()["items"]
    assert main["capabilities"] == {
        "freepublish": False,
        "draft_switch": None,
        "verified": "unlikely",
        "quotas": {},
        "checked_at": "2026-11-21T22:26:40.000Z",
        "error": "upstream_unreachable",
    }
    assert main["quota_remaining"]["/cgi-bin/freepublish/submit"] == 100
    assert (second["state"], second["capabilities"]) == ("active", None)
    assert (shut["state"], shut["quota_remaining"]) == ("locked", {})
