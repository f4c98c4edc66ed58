from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.hosts import HostMiddleware


async def hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


APP = AccessMiddleware(
    HostMiddleware(Starlette(routes=[Route("/", hello)]), ["gate.example.com"]), Metrics()
)


@pytest.mark.parametrize(
    "host",
    [
        "gate.example.com",
        "GATE.example.com:8080",
        "gate.example.com.",
        "localhost:8080",
        "127.0.0.1:8080",
        "192.0.2.7",
        "[::1]:8080",
        "[2001:db8::1]",
    ],
)
async def test_our_names_and_literal_addresses_are_answered(http: Any, host: str) -> None:
    async with http(APP) as client:
        assert (await client.get("/", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "gate.example.com.evil.example",
        "a/?x=",
        "user@gate.example.com",
        "gate.example.com:99999999",
        "gate.example.com ",
        "[zz]",
        "[::1",
        "",
    ],
)
async def test_any_other_host_is_refused_and_the_key_named(http: Any, host: str) -> None:
    async with http(APP) as client:
        response = await client.get("/", headers={"Host": host, "Accept-Language": "en"})
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "host_invalid"
    assert "server.allowed_hosts" in response.json()["error"]["hint"]


@pytest.mark.parametrize("headers", [[], [(b"host", b"127.0.0.1"), (b"host", b"127.0.0.1")]])
async def test_exactly_one_host_is_wanted(headers: list[tuple[bytes, bytes]]) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": headers,
    }
    await APP(scope, receive, send)
    assert sent[0]["status"] == 400
