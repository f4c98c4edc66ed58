from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from accounts.clients import Client, Scope
from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.doctor import DoctorHandler
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware


class Checkup:
    def __init__(self) -> None:
        self.forwarded_by: list[str | None] = []

    async def report(self, *, forwarded_by: str | None) -> dict[str, Any]:
        self.forwarded_by.append(forwarded_by)
        return {"status": "ok", "checked_at": "2026-11-22T00:00:00.000Z", "findings": []}


def app(checkup: Checkup, *scopes: Scope) -> Any:
    client = Client(
        id="blog",
        key=SecretStr("wxg_blog_0123456789abcdefghijklmn"),
        accounts=("main",),
        scopes=frozenset(scopes),
    )
    mount = Mount(
        "/v1",
        routes=[Route("/doctor", DoctorHandler(checkup).get)],
        middleware=[Middleware(AuthMiddleware, authenticate=lambda _scope: client)],
    )
    starlette = Starlette(routes=[mount], exception_handlers=EXCEPTION_HANDLERS)
    return AccessMiddleware(starlette, Metrics())


async def test_an_admin_gets_the_findings(http: Any) -> None:
    checkup = Checkup()
    async with http(app(checkup, Scope.ADMIN)) as caller:
        assert (await caller.get("/v1/doctor")).json()["status"] == "ok"
        await caller.get("/v1/doctor", headers={"X-Forwarded-For": "203.0.113.7"})
    direct, forwarded = checkup.forwarded_by
    assert direct is None
    assert forwarded == "127.0.0.1"


@pytest.mark.parametrize("scope", sorted(set(Scope) - {Scope.ADMIN}))
async def test_nobody_else_does(http: Any, scope: Scope) -> None:
    checkup = Checkup()
    async with http(app(checkup, scope)) as caller:
        assert (await caller.get("/v1/doctor")).status_code == 403
    assert checkup.forwarded_by == []
