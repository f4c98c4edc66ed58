from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from cache.fleet import Fleet
from cache.keys import Keys
from cache.nodes import SingleNode
from cache.redis import RedisLink
from cache.stats import CacheStatistics
from core.metrics import Metrics
from proxy.upstream import UpstreamSettings
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from server.cache_control import NotWarmable, open_fleet, warms_of
from tests.e2e.conftest import KEY, Opens
from tests.gateway import CLIENTS, MAIN, Gateway, open_gateway
from tests.proxy.caching import CALLBACK_IPS, MENU_CREATE, RIGHTS, caching, relayed
from wechat.catalogue import load_catalogue

APP = MAIN.app_id
OPS_KEY = "wxg_ops_0123456789abcdefghijklmn"


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with run_sandbox(SandboxSettings()) as running:
        yield running


@pytest.fixture
async def gateway(sandbox: RunningSandbox, tmp_path: Path) -> AsyncIterator[Gateway]:
    upstream = UpstreamSettings(base_urls=(sandbox.url,), mp_base_url=sandbox.url)
    async with open_gateway(caching(upstream, tmp_path)) as opened:
        yield opened


async def test_warming_fetches_once_for_each_set_of_rights(
    gateway: Gateway, sandbox: RunningSandbox
) -> None:
    warms = warms_of(gateway.tokens, gateway.cached, load_catalogue(), lambda: CLIENTS)
    assert set((await warms["response"](MAIN, ())).values()) == {"ok"}
    rights = {client.scopes for client in CLIENTS}
    assert sandbox.calls.count(CALLBACK_IPS) == len(rights) == 2
    for scopes in rights:
        assert (await gateway.cached.relay(relayed(CALLBACK_IPS), scopes)).state == "hit"
    assert (await gateway.cached.relay(relayed(CALLBACK_IPS), {"x", *RIGHTS})).state == "miss"
    with pytest.raises(NotWarmable):
        await warms["response"](MAIN, (MENU_CREATE,))
    nobody = warms_of(gateway.tokens, gateway.cached, load_catalogue(), lambda: ())
    assert await nobody["response"](MAIN, (CALLBACK_IPS,)) == {CALLBACK_IPS: "nobody may read it"}


async def test_a_process_joins_and_hears_orders(redis_url: str) -> None:
    cleared: list[str] = []

    async def clear(app_id: str) -> None:
        cleared.append(app_id)

    async with Redis.from_url(redis_url) as redis:
        shared = (RedisLink(SingleNode(redis)), Keys("t"))
        async with (
            open_fleet(CacheStatistics(Metrics()), {"token": clear}, shared) as one,
            open_fleet(CacheStatistics(Metrics()), {"token": clear}, shared) as other,
        ):
            for fleet in (one, other):
                assert isinstance(fleet, Fleet)
                await fleet.exchange()
            await one.clear("token", APP)
            await other.exchange()
    assert cleared[:2] == [APP, APP]


async def test_an_admin_lets_throttled_callers_begin_anew(open_stand: Opens) -> None:
    blog = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["relay:read"]}
    ops = {"id": "ops", "key": OPS_KEY, "accounts": ["main"], "scopes": ["admin"]}
    menu = "/cgi-bin/menu/get"
    async with open_stand({"clients": [blog, ops], "limits": {menu: "1/minute"}}) as stand:
        headers = {"Authorization": f"Bearer {OPS_KEY}"}
        told = [(await stand.http.get(menu)).status_code for _ in range(2)]
        cleared = await stand.http.delete("/v1/admin/cache/limit", headers=headers)
        told.append((await stand.http.get(menu)).status_code)
        stats = (await stand.http.get("/v1/stats/cache", headers=headers)).json()
        audit = (await stand.http.get("/v1/admin/audit", headers=headers)).json()["items"]
    assert told == [200, 429, 200]
    assert "main" in cleared.json()["cleared"]
    assert [(entry["action"], entry["subject"]) for entry in audit] == [("cache.clear", "limit")]
    (limit,) = [row for row in stats["caches"] if row["cache"] == "limit"]
    assert (limit["accounts"]["main"]["hits"], limit["accounts"]["main"]["misses"]) == (2, 1)
    assert 0 < limit["entries"] <= limit["capacity"]
