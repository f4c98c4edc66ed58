"""The gateway's edge: keys, hosts, documents, drop-in calls."""

from typing import Any

import httpx
import pytest
from starlette.routing import BaseRoute, Mount, Route

from handlers.closed_door import ClosedDoor
from handlers.openapi import ApiRoute
from sandbox.settings import VERIFIED
from server.replica_routes import RelayRoute

KEY = "wxg_blog_0123456789abcdefghijklmn"


def anonymous(stand: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=stand.url, trust_env=False)


async def test_an_unmodified_tool_gets_a_token_and_works_with_it(stand: Any) -> None:
    async with anonymous(stand) as tool:
        query = {"grant_type": "client_credential", "appid": VERIFIED.app_id, "secret": KEY}
        answer = (await tool.get("/cgi-bin/token", params=query)).json()
        assert set(answer) == {"access_token", "expires_in"}
        assert 0 < answer["expires_in"] <= 7200
        token = {"access_token": answer["access_token"]}
        counted = await tool.get("/cgi-bin/draft/count", params=token)
        assert counted.json() == {"total_count": 0}
        prefixed = await tool.get("/wx/cgi-bin/draft/count", params=token)
        assert prefixed.json() == {"total_count": 0}
    seen = str(list(stand.sandbox.calls.seen))
    assert answer["access_token"] not in seen
    assert KEY not in seen


@pytest.mark.parametrize("secret", ["wrong", KEY[:-1] + "x", "", VERIFIED.app_secret])
async def test_a_wrong_client_key_never_gets_a_token(stand: Any, secret: str) -> None:
    query = {"grant_type": "client_credential", "appid": VERIFIED.app_id, "secret": secret}
    async with anonymous(stand) as tool:
        # A live token is cached: that must not help.
        await tool.get("/cgi-bin/token", params={**query, "secret": KEY})
        for response in (
            await tool.get("/cgi-bin/token", params=query),
            await tool.post("/cgi-bin/stable_token", json=query),
        ):
            assert "access_token" not in response.json()
            assert response.json()["errcode"] in (40125, 41004)
            assert response.status_code == 200


async def test_v1_wants_a_key(stand: Any) -> None:
    async with anonymous(stand) as caller:
        for headers, code in (({}, "auth_missing"), ({"x-api-key": "wrong"}, "auth_key_wrong")):
            response = await caller.get("/v1/jobs", headers=headers)
            assert response.status_code == 401
            assert response.json()["error"]["code"] == code
        missing = await caller.get("/nothing")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")


async def test_a_foreign_host_is_refused(stand: Any) -> None:
    async with anonymous(stand) as caller:
        response = await caller.get("/health", headers={"Host": "evil.example"})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "host_invalid")


async def test_health_metrics_and_statistics_tell_what_happened(stand: Any) -> None:
    await stand.article({"markdown": "# 一\n\n二"})
    assert (await stand.http.get("/health")).json() == {"status": "ok"}
    assert (await stand.http.get("/health/ready")).json()["checks"] == {"store": "ok"}
    metrics = (await stand.http.get("/metrics")).text
    assert 'wxgate_jobs_total{kind="article",state="succeeded"} 1.0' in metrics
    assert 'wxgate_upstream_calls_total{errcode="0",path="/cgi-bin/draft/add"} 1.0' in metrics
    caches = (await stand.http.get("/v1/stats/cache")).json()
    assert {cache["cache"] for cache in caches["caches"]} >= {"token", "response", "image", "nonce"}
    assert caches["tokens"]["main"]["seconds_left"] > 0


async def test_every_route_is_described(stand: Any) -> None:
    document = (await stand.http.get("/openapi.json")).json()
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }

    def walk(routes: list[BaseRoute], prefix: str) -> None:
        for route in routes:
            if isinstance(route, Mount):
                walk(route.routes, prefix + route.path)
            elif isinstance(route, Route) and isinstance(route.endpoint, ClosedDoor):
                continue
            elif not isinstance(route, RelayRoute):
                assert isinstance(route, ApiRoute), route
                assert (route.method, prefix + route.path) in described

    walk(stand.app.routes, "")
    assert ("POST", "/v1/accounts/{account}/articles") in described
    docs = await stand.http.get("/docs")
    assert docs.status_code == 200
