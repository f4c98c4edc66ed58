from typing import Any

import pytest

from sandbox.settings import PERSONAL
from tests.sandbox.caller import Caller

SENDALL = "/cgi-bin/message/mass/sendall"
GET = "/cgi-bin/message/mass/get"


def message(media_id: object, **values: Any) -> dict[str, Any]:
    plain = {"filter": {"is_to_all": True}, "msgtype": "mpnews", "clientmsgid": "c"}
    return {**plain, "mpnews": {"media_id": media_id}, **values}


async def test_one_clientmsgid_is_sent_once_and_a_minute_later_told_again(caller: Caller) -> None:
    media_id = await caller.draft()
    sent = await caller.post(SENDALL, message(media_id))
    assert (sent["errcode"], sent["msg_id"]) == (0, 1_000_000_001)
    assert (await caller.post(SENDALL, message(media_id)))["errcode"] == 45066
    await caller.advance(61)
    again = await caller.post(SENDALL, message(media_id))
    assert (again["errcode"], again["msg_id"]) == (45065, sent["msg_id"])
    assert len(caller.sandbox.ledger.entries("mass")) == 1
    assert (await caller.post("/cgi-bin/draft/get", {"media_id": media_id}))["errcode"] == 40007


async def test_it_takes_its_time_and_can_be_taken_back(caller: Caller) -> None:
    sent = await caller.post(SENDALL, message(await caller.draft()))
    body = {"msg_id": sent["msg_id"]}
    assert (await caller.post(GET, body))["msg_status"] == "SENDING"
    await caller.advance(3600)
    assert (await caller.post(GET, body))["msg_status"] == "SEND_SUCCESS"
    assert (await caller.post("/cgi-bin/message/mass/delete", body))["errcode"] == 0
    assert (await caller.post(GET, body))["msg_status"] == "DELETE"
    assert (await caller.post(GET, {"msg_id": 1}))["errcode"] == 40059


@pytest.mark.parametrize(
    ("values", "errcode"),
    [
        ({"mpnews": {"media_id": "nowhere"}}, 40007),
        ({"msgtype": "poem"}, 40008),
        ({"filter": {}}, 47001),
        ({"filter": {"is_to_all": False}}, 45159),
        ({"clientmsgid": "x" * 65}, 40097),
    ],
)
async def test_what_it_cannot_send_it_refuses(
    caller: Caller, values: dict[str, Any], errcode: int
) -> None:
    body = message(await caller.draft(), **values)
    assert (await caller.post(SENDALL, body))["errcode"] == errcode


async def test_an_account_has_one_a_day_and_a_personal_one_none(caller: Caller) -> None:
    await caller.post(SENDALL, message(await caller.draft()))
    body = message(await caller.draft(), clientmsgid="d")
    assert (await caller.post(SENDALL, body))["errcode"] == 45028
    assert (await caller.as_account(PERSONAL).post(SENDALL, body))["errcode"] == 48001


async def test_a_preview_names_one_follower(caller: Caller) -> None:
    body = {"msgtype": "mpnews", "mpnews": {"media_id": await caller.draft()}}
    preview = "/cgi-bin/message/mass/preview"
    assert (await caller.post(preview, {**body, "towxname": "me"}))["errcode"] == 0
    assert (await caller.post(preview, body))["errcode"] == 40003
