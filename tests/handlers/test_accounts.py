from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from accounts.clients import Client
from accounts.official import Accounts, OfficialAccount
from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.accounts import AccountsHandler
from handlers.guard import AuthMiddleware

ACCOUNTS = Accounts(
    OfficialAccount(name=name, app_id=f"wx000000000000000{n}", app_secret=SecretStr("SECRET"))
    for n, name in enumerate(("main", "second", "hidden"))
)


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
        routes=[Route("/accounts", AccountsHandler(ACCOUNTS).list)],
        middleware=[Middleware(AuthMiddleware, authenticate=lambda _scope: client)],
    )
    async with http(AccessMiddleware(Starlette(routes=[mount]), Metrics())) as caller:
        response = await caller.get("/v1/accounts")
    listed = response.json()
    assert [item["name"] for item in listed["items"]] == names
    assert listed["default"] == default
    assert "SECRET" not in response.text
