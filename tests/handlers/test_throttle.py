from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Router

from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware
from handlers.openapi import ApiRoute, Operation
from handlers.sse import stream
from handlers.throttle import Throttle
from proxy.ratelimit import RateLimited
from tests.gateway import CLIENTS


class Handler:
    def __init__(self, name: str) -> None:
        self._name = name

    async def get(self, request: Request) -> Response:
        return PlainTextResponse(f"{self._name} {request.path_params.get('id', '')}")

    async def events(self, request: Request) -> Response:
        async def three() -> Any:
            for number in range(3):
                yield b"data: %d\n\n" % number

        return stream(three())


def _authenticate(scope: Any) -> Any:
    name = dict(scope["headers"])[b"x-client"].decode()
    return next(client for client in CLIENTS if client.id == name)


@asynccontextmanager
async def opened(rate: str, *, heavy: str = "") -> AsyncIterator[httpx.AsyncClient]:
    throttle = Throttle(rate)
    one, other = Handler("one"), Handler("other")
    v1 = [
        ApiRoute("GET", "/ones/{id}", one.get, Operation("1", "t")),
        ApiRoute("GET", "/others", other.get, Operation("2", "t", limit=heavy)),
        ApiRoute("GET", "/events", one.events, Operation("3", "t")),
        ApiRoute("GET", "/bulk", other.get, Operation("5", "t", limit=heavy, in_bulk=True)),
    ]
    auth = [ApiRoute("GET", "/token", one.get, Operation("4", "t", public=True, limit=heavy))]
    app = Starlette(
        routes=[
            Mount("/v1/auth", Router([throttle.guard(route, "/v1/auth") for route in auth])),
            Mount(
                "/v1",
                Router([throttle.guard(route, "/v1") for route in v1]),
                middleware=[Middleware(AuthMiddleware, authenticate=_authenticate)],
            ),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    app.state.limiter = throttle.limiter
    transport = httpx.ASGITransport(AccessMiddleware(app, Metrics()))
    headers = {"x-client": "blog", "accept-language": "en"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://gate", headers=headers
    ) as caller:
        yield caller


async def test_a_client_has_its_calls_over_all_endpoints_and_urls() -> None:
    async with opened("3/minute") as caller:
        for path in ("/v1/ones/1", "/v1/ones/2", "/v1/others"):
            assert (await caller.get(path)).status_code == 200
        refused = await caller.get("/v1/ones/3")
        other = await caller.get("/v1/ones/3", headers={"x-client": "reader"})
    assert refused.status_code == 429
    error = refused.json()["error"]
    assert (error["code"], error["category"]) == ("rate_limited", "quota")
    assert error["message"] == "too many calls: client blog: /v1 = 3 per 1 minute"
    assert 0 < error["retry_after_s"] <= 60
    assert refused.headers["retry-after"] == str(error["retry_after_s"])
    assert other.status_code == 200


async def test_a_heavy_endpoint_has_fewer() -> None:
    async with opened("100/minute", heavy="2/minute") as caller:
        heavy = [(await caller.get("/v1/others")).status_code for _ in range(3)]
        assert heavy == [200, 200, 429]
        assert (await caller.get("/v1/ones/1")).status_code == 200


async def test_who_is_not_known_yet_is_told_by_its_address() -> None:
    async with opened("100/minute", heavy="1/minute") as caller:
        assert (await caller.get("/v1/auth/token")).status_code == 200
        refused = await caller.get("/v1/auth/token")
    assert refused.status_code == 429
    assert "ip 127.0.0.1: GET /v1/auth/token = 1 per 1 minute" in refused.text


async def test_events_come_as_they_are() -> None:
    async with opened("3/minute") as caller:
        answer = await caller.get("/v1/events")
    assert answer.text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"


async def test_none_switches_it_off() -> None:
    async with opened("none", heavy="1/minute") as caller:
        for _ in range(5):
            assert (await caller.get("/v1/others")).status_code == 200


async def test_a_dot_env_of_somebody_else_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_bytes(b"RATELIMIT_ENABLED=false\n\xff\xfe")
    monkeypatch.chdir(tmp_path)
    async with opened("1/minute") as caller:
        assert [(await caller.get("/v1/others")).status_code for _ in range(2)] == [200, 429]


async def test_what_comes_by_the_hundred_counts_on_its_own_limit_alone() -> None:
    client = {"x-client": CLIENTS[0].id}
    async with opened("2/minute", heavy="5/minute") as http:
        bulk = [(await http.get("/v1/bulk", headers=client)).status_code for _ in range(6)]
        others = [(await http.get("/v1/ones/1", headers=client)).status_code for _ in range(3)]
    assert bulk == [200] * 5 + [429]
    assert others == [200, 200, 429]


async def test_the_same_work_asked_for_in_another_way_counts_too() -> None:
    throttle = Throttle("100/minute")
    throttle.guard(ApiRoute("GET", "/a", Handler("a").get, Operation("1", "t", limit="2/day")), "")
    request = Request({"type": "http", "client": ("127.0.0.1", 1), "headers": []})
    for _ in range(2):
        throttle.count(request, "GET /a")
    with pytest.raises(RateLimited, match=r"ip 127\.0\.0\.1: GET /a = 2 per 1 day"):
        throttle.count(request, "GET /a")
    throttle.count(request, "GET /b")  # has no limit of its own
