import json

import pytest

from tests.sandbox.caller import Caller

MENU = {"button": [{"type": "view", "name": "文章", "url": "https://example.com"}]}


async def test_a_menu_is_replaced_read_and_removed(caller: Caller) -> None:
    assert (await caller.get("/cgi-bin/menu/get"))["errcode"] == 46003
    other = {"button": [{"type": "click", "name": "旧", "key": "a"}]}
    for menu in (other, MENU):
        assert (await caller.post("/cgi-bin/menu/create", menu))["errcode"] == 0
    assert await caller.get("/cgi-bin/menu/get") == {"menu": MENU}
    assert (await caller.get("/cgi-bin/menu/delete"))["errcode"] == 0
    assert (await caller.get("/cgi-bin/menu/get"))["errcode"] == 46003
    assert (await caller.get("/cgi-bin/menu/delete"))["errcode"] == 0
    kinds = [entry.kind for entry in caller.sandbox.ledger.entries()]
    assert kinds == ["token", "menu", "menu", "menu_delete"]


@pytest.mark.parametrize(
    ("body", "errcode"), [({}, 47001), ({"button": []}, 40016), ({"button": [{}] * 4}, 40016)]
)
async def test_bad_menus_are_refused(caller: Caller, body: dict[str, object], errcode: int) -> None:
    assert (await caller.post("/cgi-bin/menu/create", body))["errcode"] == errcode


async def test_menus_refuse_escapes(caller: Caller) -> None:
    assert (await caller.post("/cgi-bin/menu/create", json.dumps(MENU).encode()))[
        "errcode"
    ] == 40033
