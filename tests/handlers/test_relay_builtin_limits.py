"""The built-in limits of clients, which follow WeChat's daily quotas, as callers meet them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cache.settings import CacheSettings
from core.clock import next_shanghai_midnight
from proxy.upstream import UpstreamSettings
from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from tests.gateway import BOTH_KEY, MAIN, PERSONAL, Gateway, Setup, open_gateway
from tests.handlers.relaying import COUNT, WITH_KEY

LIST, GET = "/cgi-bin/freepublish/batchget", "/cgi-bin/freepublish/get"
CLEAR, CLEAR_ONE = "/cgi-bin/clear_quota", "/cgi-bin/openapi/quota/clear"
FIVE = MAIN.model_copy(update={"quotas": {COUNT: 5, GET: 5, LIST: 5}})  # 4 for one client
NOON = 1_795_320_000.0  # in Shanghai
BOTH = {"authorization": f"Bearer {BOTH_KEY}", "x-wxgate-account": "main"}


class Time:
    """A clock that tests move."""

    now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def gateway(upstream: UpstreamSettings, tmp_path: Path, time: Time) -> AsyncIterator[Gateway]:
    setup = Setup(upstream, tmp_path, accounts=(FIVE, PERSONAL), clock=time, cache=CacheSettings())
    async with open_gateway(setup) as opened:
        yield opened


async def codes(gate: httpx.AsyncClient, times: int, **headers: str) -> list[Any]:
    answers = [await gate.get(COUNT, headers=WITH_KEY | headers) for _ in range(times)]
    return [answer.json().get("error", {}).get("code", answer.status_code) for answer in answers]


async def test_a_client_is_refused_what_the_day_leaves_to_others(
    gate: httpx.AsyncClient, sandbox: RunningSandbox, time: Time
) -> None:
    assert await codes(gate, 4) == [200] * 4
    refused = await gate.get(COUNT, headers=WITH_KEY | {"accept-language": "en"})
    assert (refused.status_code, refused.json()["errcode"]) == (429, 45011)
    error = refused.json()["error"]
    assert error["message"] == f"too many calls: builtin client blog on main: {COUNT} = 4/day"
    assert error["retry_after_s"] == next_shanghai_midnight(time.now) - time.now
    assert refused.headers["ratelimit-policy"] == "4;w=86400"
    assert refused.headers["ratelimit-remaining"] == "0"
    assert sandbox.calls.count(COUNT) == 4
    assert (await gate.get(COUNT, headers=BOTH)).status_code == 200


async def test_the_day_ends_at_midnight_in_shanghai_and_not_a_day_after_the_calls(
    gate: httpx.AsyncClient, time: Time
) -> None:
    assert await codes(gate, 5) == [200] * 4 + ["rate_limited"]
    time.now = next_shanghai_midnight(time.now)
    assert await codes(gate, 5) == [200] * 4 + ["rate_limited"]


@pytest.mark.parametrize(
    ("path", "body"), [(CLEAR, {"appid": MAIN.app_id}), (CLEAR_ONE, {"cgi_path": COUNT})]
)
async def test_a_clearing_lets_the_client_begin_anew(
    gate: httpx.AsyncClient, path: str, body: dict[str, str]
) -> None:
    assert await codes(gate, 5) == [200] * 4 + ["rate_limited"]
    cleared = await gate.post(path, headers=WITH_KEY, json=body)
    assert cleared.json()["errcode"] == 0
    assert await codes(gate, 5) == [200] * 4 + ["rate_limited"]


async def test_the_clearing_of_another_path_leaves_the_limit_spent(gate: httpx.AsyncClient) -> None:
    await codes(gate, 4)
    await gate.post(CLEAR_ONE, headers=WITH_KEY, json={"cgi_path": GET})
    assert await codes(gate, 1) == ["rate_limited"]


async def test_answers_from_the_cache_cost_nothing_and_stay_when_the_limit_is_spent(
    gate: httpx.AsyncClient, sandbox: RunningSandbox
) -> None:
    async def listed(**headers: str) -> httpx.Response:
        body = {"offset": 0, "count": 1, "no_content": 1}
        return await gate.post(LIST, headers=WITH_KEY | headers, json=body)

    assert {(await listed()).status_code for _ in range(20)} == {200}
    assert sandbox.calls.count(LIST) == 1
    past = [(await listed(**{"cache-control": "no-cache"})).status_code for _ in range(4)]
    assert past == [200, 200, 200, 429]
    assert (await listed()).headers["x-wxgate-cache"] == "hit"
    assert sandbox.calls.count(LIST) == 4


async def test_calls_that_never_reached_wechat_cost_nothing(
    upstream: UpstreamSettings, sandbox: RunningSandbox, tmp_path: Path, time: Time
) -> None:
    nowhere = upstream.model_copy(update={"base_urls": ("http://127.0.0.1:9",)})
    async with (
        open_gateway(Setup(nowhere, tmp_path, accounts=(FIVE,), clock=time)) as gateway,
        gateway.client() as gate,
    ):
        for _ in range(6):
            assert (await codes(gate, 1)) != ["rate_limited"]
        items = (await gateway.limiter.describe([], [FIVE]))["items"]
    assert [item for item in items if item["builtin"]] == []
    assert sandbox.calls.count(COUNT) == 0


async def test_calls_that_wechat_answered_with_an_error_count(
    gate: httpx.AsyncClient, sandbox: RunningSandbox
) -> None:
    sandbox.faults.add(Fault(path=COUNT, kind="errcode", errcode=40007, count=4))
    assert await codes(gate, 5) == [200] * 4 + ["rate_limited"]


async def test_calls_of_jobs_count_for_no_client(
    gateway: Gateway, gate: httpx.AsyncClient, sandbox: RunningSandbox
) -> None:
    for _ in range(5):
        await gateway.calls.get("main", COUNT)
    assert await codes(gate, 1) == [200]
    assert sandbox.calls.count(COUNT) == 6


async def test_a_rule_for_the_very_path_stands_in_its_place(
    upstream: UpstreamSettings, tmp_path: Path, time: Time
) -> None:
    setup = Setup(upstream, tmp_path, accounts=(FIVE,), clock=time, limits={COUNT: "none"})
    async with open_gateway(setup) as gateway, gateway.client() as gate:
        assert await codes(gate, 6) == [200] * 6
