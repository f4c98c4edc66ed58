import asyncio
from typing import Any

import httpx
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.metrics import Metrics
from handlers.areas import Segments
from server.layers import Layers, relay_segments
from server.settings import Settings


def test_what_is_relayed_is_told_by_the_catalogue_the_prefixes_and_the_rules() -> None:
    rules = [{"path": "/publish/now", "action": "alias", "to": "/cgi-bin/freepublish/submit"}]
    segments = relay_segments(Settings(relay={"prefixes": ["/gate/wx"], "rules": rules}))
    assert {"cgi-bin", "datacube", "gate", "publish"} <= segments
    assert not {"v1", "health", "docs", "wx"} & segments


@pytest.mark.parametrize(
    ("path", "has", "has_not"),
    [
        ("/v1/jobs", {"cache-control", "referrer-policy"}, {"strict-transport-security"}),
        ("/cgi-bin/draft/count", {"x-content-type-options"}, {"referrer-policy", "cache-control"}),
        ("/nothing", {"content-security-policy"}, {"cache-control"}),
    ],
)
async def test_each_area_has_its_layers(
    stand: Any, path: str, has: set[str], has_not: set[str]
) -> None:
    names = set((await stand.http.get(path)).headers)
    assert has <= names
    assert not has_not & names


async def test_long_answers_of_ours_are_packed_and_relayed_ones_never(stand: Any) -> None:
    async with httpx.AsyncClient(base_url=stand.url, trust_env=False) as caller:
        document = await caller.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
        assert document.headers["content-encoding"] == "gzip"
        relayed = await stand.http.get("/cgi-bin/get_api_domain_ip")
        assert "content-encoding" not in relayed.headers


async def test_a_host_that_is_not_ours_is_refused_in_both(stand: Any) -> None:
    for path in ("/v1/jobs", "/cgi-bin/draft/count"):
        refused = await stand.http.get(path, headers={"Host": "evil.example"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "host_invalid")


async def test_browser_tools_can_read_why_they_are_refused() -> None:
    origin, path = "https://md.example.com", "/cgi-bin/draft/count"
    hanging, done = asyncio.Semaphore(0), asyncio.Event()
    settings = Settings(server={"max_in_flight": 10}, relay={"cors_origins": [origin]})

    async def hangs(scope: Scope, receive: Receive, send: Send) -> None:
        hanging.release()
        await done.wait()
        await Response()(scope, receive, send)

    app = Layers(hangs, hangs, settings, Metrics(), Segments(relay_segments(settings))).app
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers={"Origin": origin}
        ) as tool,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(8):
            group.create_task(tool.get("/v1/jobs"))
        for _ in range(8):
            await hanging.acquire()
        overloaded = await asyncio.wait_for(tool.get(path), 20)
        misnamed = await tool.get(path, headers={"Host": "evil.example"})
        done.set()
    assert [answer.json()["error"]["code"] for answer in (overloaded, misnamed)] == [
        *("overloaded", "host_invalid"),
    ]
    for answer in (overloaded, misnamed):
        assert answer.headers.get_list("access-control-allow-origin") == [origin]
