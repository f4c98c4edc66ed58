from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from accounts.audit import AuditEntry, AuditLog
from accounts.clients import Client, Scope
from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.audit import AuditHandler
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware
from store.engine import Database

Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def ask(http: Any, database: Database) -> Ask:
    """Asks for the log, which has three entries, as a client of that scope."""
    log = AuditLog(database, b"k" * 32, clock=iter((1.0, 2.0, 3.0)).__next__)
    for action, actor in (("client.create", "cli:root"), ("account.create", "cli:root")):
        await log.note(AuditEntry(actor=actor, action=action, subject="x"))
    await log.note(AuditEntry(actor="client:ops", action="client.disable", subject="x"))
    routes = [Route("/audit", AuditHandler(log).list)]
    app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)

    async def get(scope: Scope = Scope.ADMIN, **query: object) -> httpx.Response:
        said = {"id": "ops", "key": "wxg_ops_0123456789abcdefghijklmn"}
        client = Client.model_validate({**said, "accounts": ["main"], "scopes": [scope]})
        guarded = AuthMiddleware(app, lambda _scope: client)
        async with http(AccessMiddleware(guarded, Metrics())) as caller:
            response: httpx.Response = await caller.get("/audit", params=query)
        return response

    return get


async def test_pages_follow_one_another(ask: Ask) -> None:
    first = (await ask(limit=2)).json()
    assert [item["seq"] for item in first["items"]] == [3, 2]
    assert first["items"][1] == {
        "seq": 2,
        "at": "1970-01-01T00:00:02.000Z",
        "actor": "cli:root",
        "action": "account.create",
        "subject": "x",
        "account": None,
        "detail": {},
    }
    last = (await ask(limit=2, cursor=first["next_cursor"])).json()
    assert ([item["seq"] for item in last["items"]], last["next_cursor"]) == ([1], None)


async def test_filters_narrow_the_list(ask: Ask) -> None:
    async def seqs(**query: str) -> list[int]:
        return [item["seq"] for item in (await ask(**query)).json()["items"]]

    assert await seqs(action="client") == [3, 1]
    assert await seqs(actor="cli:root") == [2, 1]
    assert await seqs(since="1970-01-01T08:00:02+08:00") == [3, 2]
    assert await seqs(account="main") == []


@pytest.mark.parametrize(
    "query",
    [
        *({"since": "2026-01-01T00:00:00"}, {"limit": "0"}, {"cursor": "-1"}, {"cursor": "9" * 99}),
        *({"action": "a b"}, {"actor": "\x00"}, {"else": "x"}),
    ],
)
async def test_a_malformed_query_is_told(ask: Ask, query: dict[str, str]) -> None:
    response = await ask(**query)
    assert response.status_code == 422
    assert response.json()["error"]["field"] == next(iter(query))


async def test_only_an_admin_reads_it(ask: Ask) -> None:
    assert (await ask(Scope.STATS)).status_code == 403
