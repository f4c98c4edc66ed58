from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from accounts.clients import Client
from cache.counters import MemoryCounters
from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.admin_accounts import AdminAccountsHandler
from handlers.capabilities import AccountFacts
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware
from proxy.capabilities import Capabilities
from proxy.quota import QuotaLedger
from store.engine import Database
from tests.accounts.account_books import Shelf, open_shelf

NEW = {"name": "main", "app_id": "wx0000000000000001", "app_secret": "canary-secret"}
Http = Callable[[ASGIApp], AbstractAsyncContextManager[httpx.AsyncClient]]


def _client(*scopes: str) -> Client:
    said = {"id": "ops", "key": "wxg_ops_0123456789abcdefghijklmn", "accounts": ["filed"]}
    return Client.model_validate({**said, "scopes": scopes})


def _app(shelf: Shelf, client: Client) -> ASGIApp:
    facts = AccountFacts(Capabilities(), QuotaLedger(MemoryCounters()))
    handler = AdminAccountsHandler(shelf.book, shelf.stored.load, shelf.accounts, facts)
    routes = [
        Route("/accounts", handler.list, methods=["GET"]),
        Route("/accounts", handler.create, methods=["POST"]),
        Route("/accounts/{name}", handler.get, methods=["GET"]),
        Route("/accounts/{name}", handler.change, methods=["PATCH"]),
        Route("/accounts/{name}", handler.remove, methods=["DELETE"]),
    ]
    app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    return AccessMiddleware(AuthMiddleware(app, lambda _scope: client), Metrics())


@pytest.fixture
def shelf(database: Database) -> Shelf:
    return open_shelf(database)


@pytest.fixture
async def admin(http: Http, shelf: Shelf) -> AsyncIterator[httpx.AsyncClient]:
    """A caller with the scope admin."""
    async with http(_app(shelf, _client("admin"))) as caller:
        yield caller


async def test_an_account_is_usable_as_soon_as_it_is_made(
    admin: httpx.AsyncClient, shelf: Shelf
) -> None:
    made = await admin.post("/accounts", json=NEW)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert made.headers["location"] == "/v1/admin/accounts/main"
    assert made.json()["app_secret"]["set"] is True
    assert "canary" not in made.text
    assert shelf.accounts.get("main")
    assert (await admin.get("/accounts/main")).json() == made.json()


async def test_a_change_asks_for_the_version_that_was_read(
    admin: httpx.AsyncClient, shelf: Shelf
) -> None:
    await admin.post("/accounts", json=NEW)
    body, seen = {"app_secret": "canary-new", "max_concurrent": 3}, {"If-Match": '"1"'}
    changed = await admin.patch("/accounts/main", json=body, headers=seen)
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert shelf.accounts.get("main").app_secret.get_secret_value() == "canary-new"
    stale = await admin.patch("/accounts/main", json=body, headers=seen)
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "stale_edit")
    stale = await admin.delete("/accounts/main", headers=seen)
    assert stale.status_code == 409
    assert (await admin.delete("/accounts/main")).status_code == 204
    assert (await admin.get("/accounts/main")).status_code == 404


async def test_lists_come_in_pages(admin: httpx.AsyncClient) -> None:
    await admin.post("/accounts", json=NEW)
    first = (await admin.get("/accounts", params={"limit": 1})).json()
    assert [item["name"] for item in first["items"]] == ["filed"]
    last = (await admin.get("/accounts", params={"cursor": first["next_cursor"]})).json()
    assert ([item["name"] for item in last["items"]], last["next_cursor"]) == (["main"], None)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({**NEW, "name": "filed"}, 409, "account_in_file"),
        ({**NEW, "app_id": "nonsense"}, 422, "field_invalid"),
        ({**NEW, "app_secret": ""}, 422, "field_invalid"),
        ({**NEW, "name": "\x00"}, 422, "field_invalid"),
        ({**NEW, "else": 1}, 422, "field_invalid"),
        ([], 422, "field_invalid"),
    ],
)
async def test_refusals_repeat_no_secret(
    admin: httpx.AsyncClient, body: Any, status: int, code: str
) -> None:
    refused = await admin.post("/accounts", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    assert "canary" not in refused.text


async def test_the_file_s_accounts_refuse_edits(admin: httpx.AsyncClient) -> None:
    for method, body in (("PATCH", {"max_concurrent": 1}), ("DELETE", None)):
        refused = await admin.request(method, "/accounts/filed", json=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "account_in_file")


async def test_only_an_admin_may(http: Http, shelf: Shelf) -> None:
    async with http(_app(shelf, _client("stats", "publish"))) as caller:
        for method, path in (
            *(("GET", "/accounts"), ("POST", "/accounts"), ("GET", "/accounts/filed")),
            *(("PATCH", "/accounts/filed"), ("DELETE", "/accounts/filed")),
        ):
            assert (await caller.request(method, path, json=NEW)).status_code == 403
