from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from core.metrics import Metrics
from handlers.access import AccessMiddleware


async def hello(request: Request) -> Response:
    request.state.client_id = "blog"
    return PlainTextResponse("hello", headers={"X-Other": "1"})


async def own_id(_request: Request) -> Response:
    return PlainTextResponse("x", headers={"X-Request-Id": "inner"})


def app(metrics: Metrics) -> AccessMiddleware:
    routes = [Route("/v1/{name}", hello), Route("/health/live", hello), Route("/own", own_id)]
    return AccessMiddleware(Starlette(routes=routes), metrics)


async def test_one_line_a_call_without_its_query(http: Any) -> None:
    with capture_logs() as logs:
        async with http(app(Metrics())) as client:
            await client.get("/v1/x?access_token=SECRET")
    (line,) = logs
    assert (line["event"], line["path"], line["status"]) == ("request", "/v1/x", 200)
    assert (line["client"], line["bytes"], line["method"]) == ("blog", 5, "GET")
    assert "SECRET" not in str(line)


async def test_probes_are_counted_but_not_logged(http: Any) -> None:
    metrics = Metrics()
    with capture_logs() as logs:
        async with http(app(metrics)) as client:
            await client.get("/health/live")
    assert logs == []
    assert 'wxgate_requests_total{route="/health/live",status="200"} 1.0' in (
        metrics.render().decode()
    )


async def test_routes_are_counted_by_their_pattern(http: Any) -> None:
    metrics = Metrics()
    async with http(app(metrics)) as client:
        for name in "abc":
            await client.get(f"/v1/{name}")
        await client.get("/nothing/here")
    text = metrics.render().decode()
    assert 'wxgate_requests_total{route="/v1/{name}",status="200"} 3.0' in text
    assert 'wxgate_requests_total{route="unmatched",status="404"} 1.0' in text


async def test_a_harmless_request_id_is_kept_and_any_other_replaced(http: Any) -> None:
    async with http(app(Metrics())) as client:
        kept = await client.get("/v1/x", headers={"X-Request-Id": "abcDEF_123-x"})
        made = await client.get("/v1/x", headers={"X-Request-Id": "a b\t<script>"})
        inner = await client.get("/own")
    assert kept.headers["x-request-id"] == "abcDEF_123-x"
    assert made.headers["x-request-id"].startswith("req_")
    assert inner.headers.get_list("x-request-id") == ["inner"]
