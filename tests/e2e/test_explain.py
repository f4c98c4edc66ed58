"""What comes down of WeChat's refusals, to the byte: its own words, and ours only where asked."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.e2e.conftest import KEY, Opens, Stand
from tests.e2e.test_enhance_wire import ADD, client, sent, wired
from tests.faults.recorder import whole

GET, LIST, IPS = "/cgi-bin/draft/get", "/cgi-bin/draft/batchget", "/cgi-bin/getcallbackip"
ASKED = {"x-wxgate-enhance": "explain", "accept-language": "en"}
FORWARD = {"listen": "127.0.0.1:1", "mode": "inspect"}
TEXT = "Content-Type: text/plain"
BEFORE, AFTER = b'{ "errcode":48001,"errmsg" : "api unauthorized rid: 65f0-1', b'","n":1.50 }\n'
NO = BEFORE + AFTER
TOLD = BEFORE + " | wxgate: api unauthorized → ".encode()
WRAPPED = b'{"articles":[{"content":"<html><body>x</body></html>"}]}'


def refusing(errcode: int) -> bytes:
    return whole(b'{"errcode":%d,"errmsg":"its words"}' % errcode, TEXT)


def is_told(answer: httpx.Response) -> bool:
    """Whether it is `NO` with cause and cure in it, and nothing else."""
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["x-wxgate-error"].startswith("permission; source=wechat")
    if answer.content == NO:
        return False
    assert answer.content.startswith(TOLD)
    assert answer.content.endswith(AFTER)
    assert answer.json()["errmsg"].startswith("api unauthorized rid: 65f0-1 | wxgate: ")
    return True


@asynccontextmanager
async def by_proxy(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    """A tool that calls WeChat's own host."""
    async with httpx.AsyncClient(
        proxy=f"http://blog:{KEY}@127.0.0.1:{stand.forward_port}",
        verify=ssl.create_default_context(cafile=str(stand.data_dir / "ca" / "ca.pem")),
        base_url="https://api.weixin.qq.com",
        trust_env=False,
        timeout=60,
    ) as tool:
        yield tool


async def test_a_refusal_is_explained_to_those_who_ask_and_to_nobody_else(
    open_stand: Opens,
) -> None:
    async with wired(open_stand, forward=FORWARD) as (wechat, stand), by_proxy(stand) as tool:
        wechat.answer = whole(NO, TEXT)
        for http in (stand.http, tool):
            for path in (ADD, GET, LIST):
                assert is_told(await http.post(path, json={}, headers=ASKED))
                for headers in ({}, {"x-wxgate-enhance": "lint"}, {"x-wxgate-enhance": "off"}):
                    answer = await http.post(path, json={}, headers=headers)
                    assert answer.content == NO
        chinese = await tool.post(LIST, headers={"x-wxgate-enhance": "explain"})
        assert " | wxgate: 接口未授权 → " in chinese.json()["errmsg"]
        again = await stand.http.post(LIST, headers={"x-wxgate-enhance": "explain, what"})
        assert again.json()["error"]["code"] == "enhance_invalid"


async def test_a_clients_setting_explains_all_that_it_calls(open_stand: Opens) -> None:
    """Its drafts go up as they came: nothing of theirs is to be looked after."""
    async with wired(open_stand, "explain", forward=FORWARD) as (wechat, stand):
        wechat.answer = whole(NO, TEXT)
        async with by_proxy(stand) as tool:
            for http in (stand.http, tool):
                http.headers["accept-language"] = "en"
                answer = await http.post(ADD, content=WRAPPED)
                assert is_told(answer)
                assert not {"x-wxgate-enhance", "x-wxgate-lint"} & set(answer.headers)
                off = await http.post(ADD, content=WRAPPED, headers={"x-wxgate-enhance": "off"})
                assert not is_told(off)
        assert sent(wechat) == [WRAPPED] * 4


async def test_nothing_but_a_refusal_of_wechats_is_touched(open_stand: Opens) -> None:
    """Success, what is no object, data of any length, codes that nobody knows."""
    answers = [
        *(b'{"errcode":0,"errmsg":"ok"}', b'{"errmsg":"x"}', b'{"errcode":"48001","errmsg":"x"}'),
        *(b'[{"errcode":48001,"errmsg":"x"}]', b'x {"errcode":48001,"errmsg":"x"}', b""),
        *(b'{"errcode":48001,"errmsg":"x', b'{"errcode":48001,"errmsg":"\xbd\xd3"}'),
        b'{"list":[{"errcode":48001,"errmsg":"x"}]}',
        b'{"errcode":48001,"errmsg":"x","pad":"' + b"x" * 70_000 + b'"}',
        b'{"errcode":987654321,"errmsg":"x"}',
    ]
    (blog,) = client("explain")["clients"]
    open_to = {
        "clients": [{**blog, "scopes": ["relay:write"]}],
        "relay": {"unknown_paths": "forward"},
    }
    async with wired(open_stand, **open_to) as (wechat, stand):
        for body in answers:
            wechat.answer = whole(body, TEXT)
            answer = await stand.http.post("/cgi-bin/no/such/call", json={})
            assert answer.content == body
            assert int(answer.headers["content-length"]) == len(body)


async def test_a_status_of_wechats_own_stays(open_stand: Opens) -> None:
    async with wired(open_stand) as (wechat, stand):
        wechat.answer = whole(NO, TEXT).replace(b"200 OK", b"403 Forbidden", 1)
        answer = await stand.http.post(LIST, headers=ASKED)
        assert answer.status_code == 403
        assert is_told(answer)


async def test_callers_who_share_one_answer_each_get_theirs(open_stand: Opens) -> None:
    """Equal reads at once are one call; what is kept of it is WeChat's."""
    async with wired(open_stand) as (wechat, stand):
        wechat.answer = whole(NO, TEXT)
        wishes: list[dict[str, Any]] = [ASKED, {}, {**ASKED, "accept-language": "zh"}, {}] * 5
        calls = (stand.http.get(IPS, headers=headers) for headers in wishes)
        answers = await asyncio.gather(*calls)
        assert [answer.content == NO for answer in answers] == [False, True] * 10
        assert [is_told(answer) for answer in answers[::4]] == [True] * 5
        assert "接口未授权" in answers[2].json()["errmsg"]
        good = json.dumps({"ip_list": ["192.0.2.1"]}).encode()
        wechat.answer = whole(good, TEXT)
        kept = [await stand.http.get(IPS, headers=headers) for headers in (ASKED, ASKED, {})]
        assert [answer.content for answer in kept] == [good] * 3
        assert kept[2].headers["x-wxgate-cache"] == "hit"


async def test_what_the_gateway_does_about_a_refusal_is_done_as_ever(open_stand: Opens) -> None:
    """A stale token is replaced, and a spent quota refused by ourselves, in our words alone."""
    async with wired(open_stand, "explain") as (wechat, stand):
        wechat.answer = refusing(40001)
        answer = await stand.http.post(ADD, content=WRAPPED)
        assert answer.json()["errmsg"].startswith("its words | wxgate: ")
        assert len(sent(wechat)) == 2
        wechat.answer = refusing(45009)
        theirs, ours = [(await stand.http.post(ADD, json={})).json() for _ in range(2)]
        assert theirs["errmsg"].startswith("its words | wxgate: ")
        assert ours["errmsg"].startswith("wxgate: ")
        assert ours["errmsg"].count("wxgate: ") == 1
        assert len(sent(wechat)) == 3
