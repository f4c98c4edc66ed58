from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from accounts.clients import Clients
from accounts.master_key import Sealer
from accounts.official import Accounts
from cache.nonces import MemoryNonces
from cache.stats import CacheStatistics
from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware
from handlers.signed import SignatureMiddleware, _replayed
from proxy.auth import Authenticator
from proxy.body import BodyReader, MemoryBody
from proxy.replay import ReplayGuard
from proxy.signed_body import SignedBodies
from proxy.spool import Spool
from proxy.virtual_tokens import VirtualTokens
from tests.gateway import CLIENTS, KEY, MAIN, PERSONAL
from tests.proxy.conftest import receiving
from tests.signing import signed

Opens = Callable[[ASGIApp], AbstractAsyncContextManager[httpx.AsyncClient]]
LARGE = b"y" * 1_500_000


class Handlers:
    """A handler that reads its body, and one that acts without a look at it."""

    def __init__(self) -> None:
        self.acted: list[str] = []

    async def reads(self, request: Request) -> Response:
        body = await request.body()
        self.acted.append("read")
        return PlainTextResponse(str(len(body)))

    async def blind(self, _request: Request) -> Response:
        self.acted.append("blind")
        return PlainTextResponse("done")


@pytest.fixture
def handlers() -> Handlers:
    return Handlers()


@pytest.fixture
def app(handlers: Handlers, tmp_path: Path) -> ASGIApp:
    clients, accounts = Clients(CLIENTS), Accounts((MAIN, PERSONAL))
    authenticator = Authenticator(clients, accounts, VirtualTokens(Sealer(b"m" * 32), clients))
    nonces = MemoryNonces(300, CacheStatistics(Metrics()).register)
    reader = BodyReader(Spool(tmp_path / "tmp", max_bytes=10_000_000), max_body_mb=2)
    methods = ["GET", "POST"]
    starlette = Starlette(
        routes=[
            Mount(
                "/v1",
                routes=[
                    Route("/reads", handlers.reads, methods=methods),
                    Route("/blind", handlers.blind, methods=methods),
                ],
                middleware=[
                    Middleware(AuthMiddleware, authenticate=authenticator.client),
                    Middleware(
                        SignatureMiddleware, bodies=SignedBodies(reader, ReplayGuard(nonces))
                    ),
                ],
            )
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    return AccessMiddleware(starlette, Metrics())


async def post(http: Any, app: ASGIApp, path: str, body: bytes, said: bytes) -> httpx.Response:
    """POST `body` with a signature over `said`."""
    headers = signed("POST", path, KEY, body=said)
    async with http(app) as caller:
        response: httpx.Response = await caller.post(path, content=body, headers=headers)
    return response


@pytest.mark.parametrize("body", [b"{}", LARGE], ids=["small", "large"])
async def test_a_signed_body_reaches_its_handler_whole(
    http: Opens, app: ASGIApp, tmp_path: Path, body: bytes
) -> None:
    response = await post(http, app, "/v1/reads", body, body)
    assert (response.status_code, response.text) == (200, str(len(body)))
    assert list(tmp_path.glob("tmp/*")) == []


@pytest.mark.parametrize("path", ["/v1/reads", "/v1/blind"])
@pytest.mark.parametrize("body", [b"{}", LARGE], ids=["small", "large"])
async def test_nothing_acts_on_a_body_that_was_not_signed(
    http: Opens, app: ASGIApp, handlers: Handlers, path: str, body: bytes
) -> None:
    response = await post(http, app, path, body[:-1] + b"!", body)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "content_digest_wrong"
    assert handlers.acted == []


async def test_a_request_acts_once(http: Opens, app: ASGIApp, handlers: Handlers) -> None:
    headers = signed("POST", "/v1/blind", KEY)
    async with http(app) as caller:
        answers = [await caller.post("/v1/blind", headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 401, 401]
    assert answers[1].json()["error"]["code"] == "auth_replay"
    assert handlers.acted == ["blind"]


async def test_a_read_counts_once_too(http: Opens, app: ASGIApp) -> None:
    headers = signed("GET", "/v1/reads?a=1", KEY)
    async with http(app) as caller:
        answers = [await caller.get("/v1/reads?a=1", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401]


async def test_a_body_over_the_limit_is_refused(http: Opens, app: ASGIApp) -> None:
    body = b"z" * 2_000_001
    response = await post(http, app, "/v1/reads", body, body)
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "request_too_large"


async def test_other_callers_notice_nothing(http: Opens, app: ASGIApp) -> None:
    async with http(app) as caller:
        response = await caller.post("/v1/reads", content=b"abc", headers={"x-api-key": KEY})
    assert (response.status_code, response.text) == (200, "3")


async def test_a_caller_that_goes_away_half_way_is_not_answered(
    app: ASGIApp, handlers: Handlers
) -> None:
    headers = signed("POST", "/v1/reads", KEY, body=b"abcdef") | {"content-length": "6"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/reads",
        "raw_path": b"/v1/reads",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "state": {},
    }
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receiving(b"abc", gone=True), send)
    assert sent == []
    assert handlers.acted == []


async def test_after_the_body_comes_what_the_server_has_to_say() -> None:
    rest = receiving()
    receive = _replayed(MemoryBody(b"abc"), rest)
    messages = [await receive() for _ in range(3)]
    assert [message.get("body") for message in messages] == [b"abc", b"", None]
    assert [message.get("more_body") for message in messages] == [True, False, None]
    assert messages[2]["type"] == "http.disconnect"
