import pytest

from sandbox.settings import PERSONAL, VERIFIED
from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Start

COUNT = "/cgi-bin/draft/count"


async def test_calls_over_the_days_limit_are_refused_until_midnight_in_shanghai(
    start: Start,
) -> None:
    caller = await start(quotas={COUNT: 2})
    codes = [(await caller.get(COUNT)).get("errcode") for _ in range(3)]
    assert codes == [None, None, 45009]
    assert "total_count" in await caller.as_account(PERSONAL).get(COUNT)
    await caller.advance(86_400)
    caller._token = ""
    assert "total_count" in await caller.get(COUNT)


async def test_refused_calls_count_but_not_those_over_the_limit(start: Start) -> None:
    caller = await start(quotas={"/cgi-bin/draft/get": 2})
    for errcode in (40007, 40007, 45009, 45009):
        assert (await caller.post("/cgi-bin/draft/get", {"media_id": "x"}))["errcode"] == errcode


@pytest.mark.parametrize("path", ["/cgi-bin/token", "/cgi-bin/stable_token"])
async def test_token_calls_have_a_quota_too(start: Start, path: str) -> None:
    caller = await start(quotas={path: 1})
    get = caller.classic if path == "/cgi-bin/token" else caller.stable
    assert "access_token" in await get()
    assert (await get())["errcode"] == 45009


async def test_clearing_starts_anew_ten_times_a_month(start: Start) -> None:
    caller = await start(quotas={COUNT: 1})
    body = {"appid": VERIFIED.app_id}
    for _ in range(10):
        await caller.get(COUNT)
        assert (await caller.get(COUNT))["errcode"] == 45009
        assert (await caller.post("/cgi-bin/clear_quota", body))["errcode"] == 0
    assert (await caller.post("/cgi-bin/clear_quota", body))["errcode"] == 48006
    by_secret = {"appid": VERIFIED.app_id, "appsecret": VERIFIED.app_secret}
    answer = await caller.http.post("/cgi-bin/clear_quota/v2", json=by_secret)
    assert answer.json()["errcode"] == 48006


async def test_10_000_stable_tokens_a_minute_are_the_end(caller: Caller) -> None:
    world = caller.sandbox.world
    await caller.stable()
    usage = world.usage.get(VERIFIED.app_id, "/cgi-bin/stable_token a minute")
    assert usage is not None
    spent = usage.model_copy(update={"used": 10_000})
    world.usage.put(VERIFIED.app_id, "/cgi-bin/stable_token a minute", spent)
    assert (await caller.stable())["errcode"] == 45011
    await caller.advance(60)
    assert "access_token" in await caller.stable()
