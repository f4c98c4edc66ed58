import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.settings import VERIFIED
from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Start
from wechat.catalogue import load_catalogue

COUNT = "/cgi-bin/draft/count"
GET = "/cgi-bin/draft/get"


async def test_every_path_of_the_catalogue_answers_one_json_object(caller: Caller) -> None:
    query = await caller.query({"component_access_token": "x"})
    for endpoint in load_catalogue():
        if endpoint.path == "/cgi-bin/showqrcode":
            continue  # answers a picture or 404
        method = endpoint.method
        answer = await caller.http.request(method, endpoint.path, params=query, content=b"{}")
        assert (answer.status_code, type(answer.json())) == (200, dict), endpoint.path


async def test_paths_without_a_part_of_their_own_take_a_token_and_say_ok(caller: Caller) -> None:
    path = "/cgi-bin/user/info"
    assert (await caller.http.get(path)).json()["errcode"] == 41001
    assert await caller.get(path, openid="o1") == {"errcode": 0, "errmsg": "ok"}


async def test_other_paths_are_404_without_json(caller: Caller) -> None:
    for path in ("/", "/cgi-bin", "/cgi-bin/draft", "/cgi-bin/draft/add/", "/cgi-bin//token"):
        answer = await caller.http.get(path)
        assert (answer.status_code, answer.content) == (404, b""), path


async def test_the_wrong_verb_is_named(caller: Caller) -> None:
    query = await caller.query({})
    assert (await caller.http.post(COUNT, params=query)).json()["errcode"] == 43001
    assert (await caller.http.get(GET, params=query)).json()["errcode"] == 43002
    assert (await caller.http.get("/cgi-bin/stable_token")).json()["errcode"] == 43002


async def test_empty_and_broken_bodies_are_told_apart(caller: Caller) -> None:
    assert (await caller.post(GET, b""))["errcode"] == 44002
    assert (await caller.post(GET, b"{"))["errcode"] == 47001


async def chunks() -> AsyncIterator[bytes]:
    yield b'{"media_id": "x"}'


async def test_chunked_json_is_a_switch(start: Start) -> None:
    strict, lenient = await start(), await start(chunked_json="accept")
    answer = await strict.http.post(GET, content=chunks(), params=await strict.query({}))
    assert answer.status_code == 412
    answer = await lenient.http.post(GET, content=chunks(), params=await lenient.query({}))
    assert answer.json()["errcode"] == 40007


async def test_the_raw_query_and_the_account_of_each_call_are_kept(caller: Caller) -> None:
    token = (await caller.stable())["access_token"]
    await caller.http.get(f"{COUNT}?access_token={token}&x=%2f~")
    await caller.http.get(f"{COUNT}?access_token=wxg_blog_key")
    seen = (await caller.http.get("/sandbox/calls", params={"path": COUNT})).json()["seen"]
    assert [call["query"] for call in seen] == [
        f"access_token={token}&x=%2f~",
        "access_token=wxg_blog_key",
    ]
    assert [call["account"] for call in seen] == [VERIFIED.app_id, ""]
    assert [call["errcode"] for call in seen] == [0, 40014]


async def test_token_calls_are_counted_for_the_account_they_name(caller: Caller) -> None:
    await caller.stable()
    await caller.classic(secret="wrong")
    calls = caller.sandbox.calls
    assert calls.count("/cgi-bin/stable_token", VERIFIED.app_id) == 1
    assert calls.count("/cgi-bin/token", VERIFIED.app_id) == 1


@pytest.mark.parametrize(("switch", "errcode"), [("every_call", 40164), ("token_calls", 0)])
async def test_the_whitelist_may_hold_for_business_calls_too(
    start: Start, switch: str, errcode: int
) -> None:
    account = VERIFIED.model_copy(update={"ip_whitelist": ("127.0.0.1",)})
    caller = await start(accounts=(account,), whitelist=switch)
    query = await caller.query({})
    elsewhere = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(transport=elsewhere, base_url=caller.sandbox.url) as http:
        answer = (await http.get(COUNT, params=query)).json()
        assert answer.get("errcode", 0) == errcode
        refused = (await http.post("/cgi-bin/stable_token", json=caller.login())).json()
        assert refused["errmsg"].startswith("invalid ip 127.0.0.2 ")


async def test_a_caller_that_leaves_in_the_middle_has_done_nothing(caller: Caller) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", caller.sandbox.port)
    writer.write(b"POST /cgi-bin/draft/add HTTP/1.1\r\nHost: w\r\nContent-Length: 9\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert await caller.get(COUNT) == {"total_count": 0}
    assert caller.sandbox.calls.count("/cgi-bin/draft/add") == 0


async def test_a_platforms_own_token_is_taken_as_it_comes(caller: Caller) -> None:
    path = "/cgi-bin/component/api_query_auth"
    assert (await caller.http.post(path)).json()["errcode"] == 41001
    answer = await caller.http.post(path, params={"component_access_token": "any"})
    assert answer.json()["errcode"] == 0
