import asyncio

import httpx
import pytest
from wxgate_client import calls
from wxgate_client.blocking import Gateway
from wxgate_client.errors import Refused, Unreachable
from wxgate_client.gateway import LOOK_EVERY_S, AsyncGateway

from tests.scripted import DONE, JOB, answering, events, gateway, in_turn


async def test_no_gateway_is_told_from_a_refusal(unused_port: int) -> None:
    url = f"http://127.0.0.1:{unused_port}"
    async with AsyncGateway(url, "k") as gate:
        with pytest.raises(Unreachable):
            await gate.job("job_1")
    with Gateway(url, "k") as gate_too, pytest.raises(Unreachable):
        gate_too.job("job_1")


@pytest.mark.parametrize("answer", ["<html>", "[]", '"text"'])
async def test_what_is_no_json_object_is_no_gateway(answer: str) -> None:
    async with answering(200, text=answer) as gate:
        with pytest.raises(Unreachable, match="HTTP 200"):
            await gate.job("job_1")


async def test_a_refusal_carries_the_gateways_own_words() -> None:
    error = {"code": "job_unknown", "message": "没有"}
    async with answering(404, json={"error": error}) as gate:
        with pytest.raises(Refused) as caught:
            await gate.job("job_1")
    refused = caught.value
    assert (refused.error, refused.code, refused.status) == (error, "job_unknown", 404)
    assert (refused.message, refused.hint) == ("没有", "")


async def test_a_refusal_in_another_form_still_has_a_message() -> None:
    async with answering(502, json={"detail": "nginx"}) as gate:
        with pytest.raises(Refused) as caught:
            await gate.job("job_1")
    assert caught.value.message == "http_502"


async def test_a_key_with_several_accounts_must_name_one() -> None:
    listed = {"items": [{"name": "a"}, {"name": "b"}], "default": None}
    async with answering(200, json=listed) as gate:
        with pytest.raises(Refused) as caught:
            await gate.default_account()
        assert caught.value.hint.endswith(": a, b")
    async with answering(200, json={"items": [{"name": "a"}], "default": "a"}) as gate:
        assert await gate.default_account() == "a"


async def test_the_key_travels_as_bearer_or_not_at_all() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    async with gateway(answer) as gate:
        await gate.request("GET", "/v1/themes", params={"a": "b", "c": None})
    async with gateway(answer, sign=True) as gate:
        await gate.request("POST", "/v1/render", json={"markdown": "x"})
    bearer, signed = seen
    assert bearer.headers["authorization"] == "Bearer wxg_a_b"
    assert str(bearer.url) == "http://gate/v1/themes?a=b"
    assert "wxg_a_b" not in str(signed.headers)
    assert signed.headers["signature"].startswith("sig1=:")


async def test_who_is_turned_away_comes_again_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = httpx.Response(429, headers={"Retry-After": "0"}, json={"error": {"code": "slow"}})
    full = httpx.Response(503, headers={"Retry-After": "0"}, json={"error": {"code": "full"}})
    async with gateway(in_turn(busy, full, httpx.Response(200, json={"id": "job_1"}))) as gate:
        assert await gate.job("job_1") == {"id": "job_1"}


@pytest.mark.parametrize("header", [{}, {"Retry-After": "86400"}, {"Retry-After": "Tue, 1"}])
async def test_what_opens_tomorrow_is_not_waited_for(header: dict[str, str]) -> None:
    async with answering(429, headers=header, json={"error": {"code": "spent"}}) as gate:
        with pytest.raises(Refused, match="spent"):
            await gate.job("job_1")


async def test_who_is_turned_away_for_ever_gives_up() -> None:
    asked = 0

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(429, headers={"Retry-After": "0"}, json={"error": {"code": "slow"}})

    async with gateway(answer) as gate:
        with pytest.raises(Refused, match="slow"):
            await gate.job("job_1")
    assert asked == 5


async def test_a_list_is_read_page_by_page() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.query.decode())
        page = {"items": [{"id": len(asked)}], "next_cursor": "c" if len(asked) == 1 else None}
        return httpx.Response(200, json=page)

    async with gateway(answer) as gate:
        found = [item async for item in gate.each(calls.jobs(state="failed"))]
    assert found == [{"id": 1}, {"id": 2}]
    assert asked == ["state=failed", "state=failed&cursor=c"]


async def test_a_job_is_followed_to_its_end_through_a_restart() -> None:
    seen: list[str | None] = []
    answers: list[httpx.Response | Exception] = [
        events(JOB, {**JOB, "n": 2}),
        httpx.ConnectError("refused"),
        events(DONE, first=3),
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("last-event-id"))
        given = answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    async with gateway(answer) as gate:
        told = [job async for job in gate.follow(JOB)]
    assert told == [JOB, JOB, {**JOB, "n": 2}, DONE]
    assert seen == [None, "2", "2"]


async def test_a_gateway_that_stays_away_ends_the_watch() -> None:
    async with gateway(in_turn(httpx.ConnectError("refused")), patience_s=0) as gate:
        with pytest.raises(Unreachable):
            _ = [job async for job in gate.follow(JOB)]


async def test_a_job_that_was_over_already_is_asked_for() -> None:
    over = in_turn(httpx.Response(204), httpx.Response(200, json=DONE))
    async with gateway(over) as gate:
        assert [job async for job in gate.follow(JOB)] == [JOB, DONE]


async def test_a_job_that_cannot_be_listened_to_is_asked_for_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", pause)
    silent = httpx.Response(404, json={"error": {}})
    answers = in_turn(silent, httpx.Response(200, json=JOB), silent, httpx.Response(200, json=DONE))
    async with gateway(answers) as gate:
        assert [job async for job in gate.follow(JOB)] == [JOB, JOB, DONE]
    assert paused == [LOOK_EVERY_S]


async def test_a_job_that_waits_ends_the_watch_unless_it_is_to_be_seen_through() -> None:
    waits = {"id": "job_1", "state": "waiting"}
    async with answering(500) as gate:
        assert [job async for job in gate.follow(waits)] == [waits]
    async with gateway(in_turn(events(waits, DONE))) as gate:
        told = [job async for job in gate.follow(waits, through_waiting=True)]
        assert told == [waits, waits, DONE]
