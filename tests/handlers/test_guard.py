import ipaddress
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Scope as AsgiScope

from accounts.clients import Client, Scope
from core.errors import GatewayError
from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware, OpsMiddleware, require_scope

KEY = "wxg_{}_0123456789abcdefghijklmn"


class Unknown(GatewayError):
    status = 401
    code = "auth_unknown_key"


def client(name: str, *scopes: Scope) -> Client:
    return Client.model_validate(
        {"id": name, "key": KEY.format(name), "accounts": ["main"], "scopes": scopes}
    )


CLIENTS = {
    b"blog": client("blog", Scope.DRAFT),
    b"root": client("root", Scope.ADMIN),
}


def authenticate(scope: AsgiScope) -> Client:
    found = CLIENTS.get(dict(scope["headers"]).get(b"x-api-key", b""))
    if found is None:
        raise Unknown
    return found


async def draft(request: Request) -> Response:
    return PlainTextResponse(require_scope(request, Scope.DRAFT, Scope.PUBLISH).id)


async def metrics(_request: Request) -> Response:
    return PlainTextResponse("numbers")


def app(*networks: str) -> AccessMiddleware:
    nets = [ipaddress.ip_network(network) for network in networks]
    inner = Starlette(
        routes=[
            Mount(
                "/v1",
                routes=[Route("/draft", draft)],
                middleware=[Middleware(AuthMiddleware, authenticate=authenticate)],
            ),
            Mount(
                "/ops",
                routes=[Route("/metrics", metrics)],
                middleware=[Middleware(OpsMiddleware, authenticate=authenticate, networks=nets)],
            ),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    return AccessMiddleware(inner, Metrics())


@pytest.mark.parametrize(("key", "status"), [("", 401), ("root", 403), ("blog", 200)])
async def test_a_key_opens_what_its_scopes_name(http: Any, key: str, status: int) -> None:
    async with http(app()) as caller:
        response = await caller.get("/v1/draft", headers={"x-api-key": key})
    assert response.status_code == status
    if status == 403:
        assert response.json()["error"]["code"] == "scope_missing"


@pytest.mark.parametrize(
    ("networks", "key", "status"),
    [
        (["127.0.0.0/8"], "", 200),
        (["10.0.0.0/8"], "", 401),
        (["10.0.0.0/8"], "blog", 403),
        (["10.0.0.0/8"], "root", 200),
        ([], "root", 200),
    ],
)
async def test_ops_pages_open_to_their_networks_and_to_admins(
    http: Any, networks: list[str], key: str, status: int
) -> None:
    async with http(app(*networks)) as caller:
        response = await caller.get("/ops/metrics", headers={"x-api-key": key})
    assert response.status_code == status


async def test_a_peer_that_is_no_address_is_not_inside(http: Any) -> None:
    guarded = app("0.0.0.0/0", "::/0")

    async def through_a_proxy(scope: Any, receive: Any, send: Any) -> None:
        await guarded(scope | {"client": ("unknown", 0)}, receive, send)

    async with http(through_a_proxy) as caller:
        assert (await caller.get("/ops/metrics")).status_code == 401
