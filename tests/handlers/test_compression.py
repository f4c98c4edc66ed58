import gzip
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from handlers.compression import Compression

TEXT = "wxgate " * 1_000


async def text(_request: Request) -> Response:
    return PlainTextResponse(TEXT)


async def small(_request: Request) -> Response:
    return PlainTextResponse("small")


async def events(_request: Request) -> Response:
    async def body() -> AsyncIterator[str]:
        yield "data: 1\n\n" * 500

    return StreamingResponse(body(), media_type="text/event-stream")


ROUTES = [
    Route("/text", text), Route("/small", small), Route("/events", events),
    Route("/v1/auth/token", text),
]  # fmt: skip
APP = Compression(Starlette(routes=ROUTES), never_under=("/v1/auth/",))


async def encoding(http: Any, path: str, accepted: str) -> str | None:
    async with http(APP) as client:
        answer = await client.get(path, headers={"Accept-Encoding": accepted})
    assert answer.text in (TEXT, "small", "data: 1\n\n" * 500)
    found: str | None = answer.headers.get("content-encoding")
    return found


async def test_a_long_answer_is_packed_as_the_caller_can_unpack_it(http: Any) -> None:
    assert await encoding(http, "/text", "gzip") == "gzip"
    assert await encoding(http, "/text", "identity") is None
    assert await encoding(http, "/text", "zstd") is None
    async with http(APP) as client:
        raw = await client.send(
            client.build_request("GET", "/text", headers={"Accept-Encoding": "br, gzip"}),
            stream=True,
        )
        assert raw.headers["content-encoding"] == "br"
        assert raw.headers["vary"].lower() == "accept-encoding"
    assert gzip.compress(TEXT.encode()) != TEXT.encode()


async def test_short_answers_events_and_secrets_stay_as_they_are(http: Any) -> None:
    for path in ("/small", "/events", "/v1/auth/token"):
        assert await encoding(http, path, "gzip") is None
