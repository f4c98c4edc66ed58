"""Limits and quotas as the relay's callers meet them."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxy.upstream import UpstreamSettings
from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from tests.gateway import BOTH_KEY, CLIENTS, KEY, MAIN, Setup, open_gateway
from tests.handlers.relaying import ADD, COUNT, LOGIN, WITH_KEY
from tests.signing import signed

DELETE = "/cgi-bin/draft/delete"
CLEAR, CLEAR_ONE = "/cgi-bin/clear_quota", "/cgi-bin/openapi/quota/clear"
BOTH = {"authorization": f"Bearer {BOTH_KEY}", "x-wxgate-account": "main"}


async def test_every_answer_says_how_the_tightest_rule_stands(
    gate: httpx.AsyncClient, token: str
) -> None:
    answer = await gate.get(COUNT, params={"access_token": token})
    # The token call counted too.
    assert answer.headers["ratelimit-limit"] == "600"
    assert answer.headers["ratelimit-remaining"] == "598"
    assert 0 < int(answer.headers["ratelimit-reset"]) <= 60
    assert answer.headers["ratelimit-policy"] == "600;w=60"
    login = await gate.get("/cgi-bin/token", params=LOGIN)
    assert login.headers["ratelimit-remaining"] == "597"


async def test_over_the_limit_tools_get_45011_and_header_callers_429(
    upstream: UpstreamSettings, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    limits = {"/cgi-bin/draft/*": "1/minute"}
    async with (
        open_gateway(Setup(upstream, tmp_path, limits=limits)) as gateway,
        gateway.client() as gate,
    ):
        token = (await gate.get("/cgi-bin/token", params=LOGIN)).json()["access_token"]
        assert (await gate.get(COUNT, params={"access_token": token})).json() == {"total_count": 0}
        told = await gate.get(COUNT, params={"access_token": token})
        real = await gate.get(COUNT, headers=WITH_KEY | {"accept-language": "en"})
    assert (told.status_code, told.json()["errcode"]) == (200, 45011)
    assert (real.status_code, real.json()["errcode"]) == (429, 45011)
    error = real.json()["error"]
    assert (error["code"], error["category"], error["retryable"]) == ("rate_limited", "quota", True)
    assert error["message"] == "too many calls: client blog: /cgi-bin/draft/* = 1/minute"
    assert 0 < error["retry_after_s"] <= 60
    assert int(real.headers["retry-after"]) == error["retry_after_s"]
    assert (real.headers["ratelimit-limit"], real.headers["ratelimit-remaining"]) == ("1", "0")
    assert real.headers["x-wxgate-error"].startswith("quota; source=wxgate; action=retry_backoff")
    assert sandbox.calls.count(COUNT) == 1


async def test_token_calls_count_for_the_clients_rate(
    upstream: UpstreamSettings, tmp_path: Path
) -> None:
    slow = CLIENTS[0].model_copy(update={"rate_limit": "2/minute"})
    async with (
        open_gateway(Setup(upstream, tmp_path, clients=(slow,))) as gateway,
        gateway.client() as gate,
    ):
        answers = [(await gate.get("/cgi-bin/token", params=LOGIN)).json() for _ in range(3)]
    assert ["access_token" in answer for answer in answers] == [True, True, False]
    assert answers[2]["errcode"] == 45011


async def test_a_body_is_not_read_of_a_call_over_the_limit(
    upstream: UpstreamSettings, tmp_path: Path
) -> None:
    limits = {ADD: "1/minute"}
    async with open_gateway(Setup(upstream, tmp_path, limits=limits)) as gateway:
        scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": ADD,
            "raw_path": ADD.encode(),
            "query_string": b"",
            "client": ("127.0.0.1", 1),
            "headers": [(b"authorization", f"Bearer {KEY}".encode()), (b"content-length", b"2")],
        }
        received: list[dict[str, Any]] = []
        asked = 0

        async def receive() -> dict[str, Any]:
            nonlocal asked
            asked += 1
            return {"type": "http.request", "body": b"{}"}

        async def send(message: Any) -> None:
            received.append(message)

        for expected in (1, 1):
            await gateway.relay(dict(scope), receive, send)
            assert asked == expected
        assert received[2]["status"] == 429


async def test_too_many_at_once_are_refused_and_the_others_answered(
    upstream: UpstreamSettings, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    few = CLIENTS[0].model_copy(update={"max_concurrent": 3})
    async with (
        open_gateway(Setup(upstream, tmp_path, clients=(few,))) as gateway,
        gateway.client(**WITH_KEY) as gate,
    ):
        await gate.get(COUNT)
        sandbox.faults.add(Fault(path=COUNT, kind="slow", seconds=0.5, count=3))
        answers = await asyncio.gather(*(gate.get(COUNT) for _ in range(8)))
        again = await gate.get(COUNT)
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] * 3 + [429] * 5
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"]["code"] == "too_many_concurrent"
    assert refused.headers["retry-after"] == "1"
    assert again.status_code == 200


async def test_a_spent_quota_is_refused_here_until_it_is_cleared(
    gate: httpx.AsyncClient, sandbox: RunningSandbox
) -> None:
    sandbox.faults.add(Fault(path=COUNT, kind="errcode", errcode=45009, count=1))
    first = await gate.get(COUNT, headers=WITH_KEY)
    assert first.json()["errcode"] == 45009
    assert "error" not in first.json()  # WeChat's own words
    second = await gate.get(COUNT, headers=WITH_KEY | {"accept-language": "en"})
    assert (second.status_code, second.json()["errcode"]) == (429, 45009)
    error = second.json()["error"]
    assert error["code"] == "quota_spent"
    assert "T16:00:00" in error["message"]
    assert "action=wait_quota" in second.headers["x-wxgate-error"]
    assert 0 < error["retry_after_s"] <= 86_400
    assert sandbox.calls.count(COUNT) == 0  # but for the one that the fault kept from the API
    other = await gate.get(COUNT, headers=BOTH | {"x-wxgate-account": "personal"})
    assert other.json() == {"total_count": 0}
    cleared = await gate.post(CLEAR, headers=WITH_KEY, json={"appid": MAIN.app_id})
    assert cleared.json()["errcode"] == 0
    assert (await gate.get(COUNT, headers=WITH_KEY)).json() == {"total_count": 0}


async def test_one_path_is_cleared_alone(gate: httpx.AsyncClient, sandbox: RunningSandbox) -> None:
    list_ = "/cgi-bin/draft/batchget"
    for path in (COUNT, list_):
        sandbox.faults.add(Fault(path=path, kind="errcode", errcode=45009, count=1))
    await gate.get(COUNT, headers=WITH_KEY)
    await gate.post(list_, headers=WITH_KEY, json={"offset": 0, "count": 1})
    cleared = await gate.post(CLEAR_ONE, headers=WITH_KEY, json={"cgi_path": COUNT})
    assert cleared.json()["errcode"] == 0
    assert (await gate.get(COUNT, headers=WITH_KEY)).json() == {"total_count": 0}
    refused = await gate.post(list_, headers=WITH_KEY, json={"offset": 0, "count": 1})
    assert refused.json()["error"]["code"] == "quota_spent"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"cgi_path": 5}'])
async def test_a_clearing_without_a_path_clears_nothing_here(
    gate: httpx.AsyncClient, sandbox: RunningSandbox, body: bytes
) -> None:
    sandbox.faults.add(Fault(path=COUNT, kind="errcode", errcode=45009, count=1))
    await gate.get(COUNT, headers=WITH_KEY)
    sandbox.faults.add(Fault(path=CLEAR_ONE, kind="errcode", errcode=0, count=1))
    answer = await gate.post(CLEAR_ONE, headers=WITH_KEY, content=body)
    assert answer.status_code == 200
    assert (await gate.get(COUNT, headers=WITH_KEY)).json()["errcode"] == 45009


async def test_called_too_often_within_a_minute_the_path_rests(
    gate: httpx.AsyncClient, sandbox: RunningSandbox
) -> None:
    sandbox.faults.add(Fault(path=COUNT, kind="errcode", errcode=45011, count=1))
    await gate.get(COUNT, headers=WITH_KEY)
    refused = await gate.get(COUNT, headers=WITH_KEY)
    assert refused.json()["error"]["code"] == "minute_quota_spent"
    assert 50 <= int(refused.headers["retry-after"]) <= 60
    assert sandbox.calls.count(COUNT) == 0  # but for the one that the fault kept from the API


async def test_replays_of_a_signed_call_cost_its_client_nothing(
    upstream: UpstreamSettings, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """Whoever listened could else spend a day's limit with one call that it saw."""
    limits = {"/cgi-bin/draft/*": "2/day"}
    async with (
        open_gateway(Setup(upstream, tmp_path, limits=limits)) as gateway,
        gateway.client() as gate,
    ):
        body = b'{"media_id": "x"}'
        sent = signed("POST", DELETE, KEY, body=body)
        first = await gate.post(DELETE, content=body, headers=sent)
        for content in (body, b"changed, and too"):
            again = await gate.post(DELETE, content=content, headers=sent)
            assert again.status_code == 401
        own = await gate.post(DELETE, content=body, headers=WITH_KEY)
        over = await gate.post(DELETE, content=body, headers=WITH_KEY)
    assert (first.status_code, own.status_code, over.status_code) == (200, 200, 429)
    assert sandbox.calls.count(DELETE) == 2
