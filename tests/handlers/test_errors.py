from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import GatewayError, Text
from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.errors import EXCEPTION_HANDLERS


class Busy(GatewayError):
    status = 503
    code = "busy"
    retryable = True
    message = Text("忙", "busy")


class Nobody(GatewayError):
    status = 401
    code = "auth_missing"


async def busy(_request: Request) -> Response:
    raise Busy(retry_after_s=0.2)


async def nobody(_request: Request) -> Response:
    raise Nobody


async def broken(_request: Request) -> Response:
    raise RuntimeError("SECRET inside")


async def large(_request: Request) -> Response:
    raise HTTPException(413, "too large", headers={"X-Limit": "1"})


APP = Starlette(
    routes=[
        Route("/busy", busy),
        Route("/nobody", nobody),
        Route("/broken", broken),
        Route("/large", large),
    ],
    exception_handlers=EXCEPTION_HANDLERS,
)


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/busy", "GET", 503, "busy"),
        ("/nobody", "GET", 401, "auth_missing"),
        ("/missing", "GET", 404, "not_found"),
        ("/busy", "DELETE", 405, "method_not_allowed"),
        ("/large", "GET", 413, "bad_request"),
        ("/broken", "GET", 500, "internal"),
    ],
)
async def test_every_failure_has_the_one_form(
    http: Any, path: str, method: str, status: int, code: str
) -> None:
    async with http(AccessMiddleware(APP, Metrics())) as client:
        response = await client.request(method, path, headers={"Accept-Language": "en"})
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert error["request_id"] == response.headers["x-request-id"]
    assert error["message"]
    assert error["hint"]
    assert "SECRET" not in response.text


async def test_headers_say_what_a_client_library_can_act_on(http: Any) -> None:
    async with http(AccessMiddleware(APP, Metrics())) as client:
        assert (await client.get("/busy")).headers["retry-after"] == "1"
        assert (await client.get("/nobody")).headers["www-authenticate"] == "Bearer"
        assert (await client.get("/large")).headers["x-limit"] == "1"
        assert "GET" in (await client.delete("/busy")).headers["allow"]
