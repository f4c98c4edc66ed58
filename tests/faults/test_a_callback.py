"""WeChat's message push at the door of a gateway: 22."""

import time
from typing import Any

import pytest

from tests.e2e.conftest import Opens
from tests.gateway import MAIN
from wechat.push import seal, signature

TOKEN, KEY = "callbackToken", "k" * 43
TEXT = (
    "<xml><ToUserName>gh</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>"
    "<MsgType>text</MsgType><Content>x</Content><MsgId>1</MsgId></xml>"
)
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
PAYLOADS = {
    "laughs": f"<!DOCTYPE x [{_LAUGHS}]><xml><MsgType>&l9;</MsgType></xml>",
    "file": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml><MsgType>&a;</MsgType></xml>',
    "net": '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><xml><MsgType>text</MsgType></xml>',
    "deep": "<a>" * 15_000,
    "broken": "<xml><MsgType>",
    "nothing": "",
}


def push(
    xml: str, *, token: str = TOKEN, at: float | None = None, key: str = KEY
) -> dict[str, Any]:
    """The query and the body of a push in safe mode."""
    stamp, nonce = str(int(time.time() if at is None else at)), "n"
    sealed = seal(xml.encode(), encoding_aes_key=key, app_id=MAIN.app_id, random16=bytes(16))
    query = {
        "timestamp": stamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": signature(token, stamp, nonce, sealed),
    }
    return {"params": query, "content": f"<xml><Encrypt>{sealed}</Encrypt></xml>"}


ACCOUNTS = [
    {
        "name": "main",
        "app_id": MAIN.app_id,
        "app_secret": MAIN.app_secret.get_secret_value(),
        "callback_token": TOKEN,
        "encoding_aes_key": KEY,
    }
]


async def test_022_forged_old_and_changed_pushes_are_refused(open_stand: Opens) -> None:
    right = push(TEXT)
    changed = {**right, "content": right["content"].replace("<Encrypt>", "<Encrypt>AAAA")}
    async with open_stand({"accounts": ACCOUNTS}) as stand:
        for forged in (
            *(push(TEXT, token="guess"), push(TEXT, key="x" * 43), changed),
            *(push(TEXT, at=time.time() - 3_600), push(TEXT, at=time.time() + 3_600)),
            {"params": {**right["params"], "msg_signature": ""}, "content": right["content"]},
            {"params": right["params"], "content": TEXT},
        ):
            answer = await stand.http.post("/callback/main", **forged)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "push_refused")
        metrics = (await stand.http.get("/metrics")).text
    assert 'wxgate_pushes_total{account="main",outcome="refused"} 7.0' in metrics


async def test_022_a_push_that_is_replayed_changes_nothing(open_stand: Opens) -> None:
    right = push(TEXT)
    async with open_stand({"accounts": ACCOUNTS}) as stand:
        answers = [await stand.http.post("/callback/main", **right) for _ in range(3)]
        assert [answer.text for answer in answers] == ["success"] * 3
        metrics = (await stand.http.get("/metrics")).text
    assert 'wxgate_pushes_total{account="main",outcome="taken"} 1.0' in metrics
    assert 'wxgate_pushes_total{account="main",outcome="repeated"} 2.0' in metrics


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
async def test_022_hostile_xml_is_not_read(open_stand: Opens, payload: str) -> None:
    async with open_stand({"accounts": ACCOUNTS}) as stand:
        inside = await stand.http.post("/callback/main", **push(payload))
        outside = await stand.http.post(
            "/callback/main", params=push(TEXT)["params"], content=payload
        )
    assert (inside.status_code, outside.status_code) == (400, 403)


async def test_022_a_flood_from_one_address_is_held_back(open_stand: Opens) -> None:
    change = {"accounts": ACCOUNTS, "callback": {"rate_limit": "5/minute"}}
    async with open_stand(change) as stand:
        answers = [await stand.http.post("/callback/main", content="x") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429] * 2
