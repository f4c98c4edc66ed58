from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.errcodes import ErrcodeAnswer, ErrcodeList, ErrcodesHandler
from handlers.errors import EXCEPTION_HANDLERS
from wechat.errcodes import load_errcodes

HANDLER = ErrcodesHandler(load_errcodes())
APP = AccessMiddleware(
    Starlette(
        routes=[
            Route("/errcodes", HANDLER.search),
            Route("/errcodes/{errcode}", HANDLER.get),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    ),
    Metrics(),
)


async def test_an_errcode_is_explained_in_both_languages(http: Any) -> None:
    async with http(APP) as caller:
        answer = (await caller.get("/errcodes/40164")).json()
    ErrcodeAnswer.model_validate(answer)
    assert answer["text"]["zh"] == "IP 不在白名单"
    assert answer["action"] == "whitelist_ip"
    assert not answer["retryable"]
    assert "白名单" in answer["hint"]["zh"]
    assert "whitelist" in answer["hint"]["en"]


async def test_a_negative_errcode_is_one_too(http: Any) -> None:
    async with http(APP) as caller:
        assert (await caller.get("/errcodes/-1")).json()["retryable"]


@pytest.mark.parametrize("said", ["1", "abc", "--1", "1_0", "１２", "9" * 40, "40164%0a", "4e4"])
async def test_what_is_no_errcode_is_not_found(http: Any, said: str) -> None:
    async with http(APP) as caller:
        response = await caller.get(f"/errcodes/{said}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "errcode_unknown")


async def test_a_whole_errmsg_is_searched_for_its_code_and_ip(http: Any) -> None:
    asked = "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 1"
    async with http(APP) as caller:
        found = (await caller.get("/errcodes", params={"q": asked})).json()
    ErrcodeList.model_validate(found)
    assert found["ip"] == "203.0.113.7"
    assert [item["errcode"] for item in found["items"]] == [40164]
    assert "203.0.113.7" in found["items"][0]["hint"]["zh"]


@pytest.mark.parametrize("query", ["", "?q=", "?q=xyzzy", "?q=%ff%00"])
async def test_nothing_found_is_an_empty_list(http: Any, query: str) -> None:
    async with http(APP) as caller:
        response = await caller.get(f"/errcodes{query}")
    assert response.json() == {"items": [], "ip": None}
