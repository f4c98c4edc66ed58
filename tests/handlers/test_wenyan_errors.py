from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from handlers.body_budget import ServerBusy
from handlers.wenyan_errors import WENYAN_EXCEPTION_HANDLERS

Opens = Callable[[ASGIApp], AbstractAsyncContextManager[httpx.AsyncClient]]


async def _busy(_request: Request) -> Response:
    raise ServerBusy(retry_after_s=3)


async def _broken(_request: Request) -> Response:
    raise RuntimeError("secret")


APP = Starlette(
    routes=[Route("/busy", _busy), Route("/broken", _broken)],
    exception_handlers=WENYAN_EXCEPTION_HANDLERS,
)


async def test_an_error_is_told_in_their_form_with_its_hint_and_headers(http: Opens) -> None:
    async with http(APP) as client:
        answer = await client.get("/busy", headers={"Accept-Language": "en"})
    said = answer.json()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert (said["code"], said["error"]["code"]) == (-1, "server_busy")
    assert "try again in a moment" in said["desc"]


async def test_so_is_an_address_that_is_not_there_and_a_fault_of_ours(http: Opens) -> None:
    async with http(APP) as client:
        assert (await client.get("/nothing")).json()["error"]["code"] == "not_found"
        broken = await client.get("/broken")
    assert broken.json()["code"] == -1
    assert "secret" not in broken.text
