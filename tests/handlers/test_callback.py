import secrets
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select, text
from starlette.applications import Starlette
from starlette.routing import Route

from accounts.official import Accounts
from core.clock import Clock
from handlers.callback import CallbackHandler
from handlers.errors import EXCEPTION_HANDLERS
from jobs.announce import Announce
from jobs.inbox import Inbox
from store.engine import Database
from store.tables import event
from tests.gateway import MAIN, PERSONAL
from wechat.push import seal, signature

TOKEN, KEY = "callbackToken", "k" * 43
PLAIN = MAIN.model_copy(update={"callback_token": SecretStr(TOKEN)})
SAFE = PLAIN.model_copy(update={"encoding_aes_key": SecretStr(KEY)})
TEXT = (
    "<xml><ToUserName>gh</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>"
    "<MsgType>text</MsgType><Content>你好</Content><MsgId>{msg_id}</MsgId></xml>"
)
NOW = 1_714_036_504.0


class Door:
    """WeChat at the door of an account."""

    def __init__(self, database: Database, accounts: Accounts, clock: Clock) -> None:
        self.database = database
        self.counted: Counter[str] = Counter()
        inbox = Inbox(*(database, Announce(clock), lambda _id: None, lambda: None), clock=clock)
        handler = CallbackHandler(accounts, inbox, self._count, tolerance_s=600, clock=clock)
        app = Starlette(
            routes=[
                Route("/callback/{account}", handler.check, methods=["GET"]),
                Route("/callback/{account}", handler.push, methods=["POST"]),
            ],
            exception_handlers=EXCEPTION_HANDLERS,
        )
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://gate",
        )

    def _count(self, _account: str, outcome: str) -> None:
        self.counted[outcome] += 1

    async def push(
        self, body: str, *, account: str = "main", at: float = NOW, token: str = TOKEN
    ) -> httpx.Response:
        stamp, nonce = str(int(at)), secrets.token_hex(4)
        query = {
            "signature": signature(token, stamp, nonce), "timestamp": stamp, "nonce": nonce,
        }  # fmt: skip
        return await self.http.post(f"/callback/{account}", params=query, content=body.encode())

    async def push_sealed(self, body: str, *, key: str = KEY, app_id: str = MAIN.app_id) -> Any:
        sealed = seal(
            body.encode(), encoding_aes_key=key, app_id=app_id, random16=secrets.token_bytes(16)
        )
        stamp = str(int(NOW))
        query = {
            "timestamp": stamp,
            "nonce": "n",
            "encrypt_type": "aes",
            "msg_signature": signature(TOKEN, stamp, "n", sealed),
        }
        envelope = f"<xml><ToUserName>gh</ToUserName><Encrypt>{sealed}</Encrypt></xml>"
        return await self.http.post("/callback/main", params=query, content=envelope)

    async def kept(self) -> list[Any]:
        async with self.database.read() as connection:
            columns = (event.c.account, event.c.type, event.c.sealed, event.c.body)
            query = select(*columns).order_by(event.c.id)
            return list((await connection.execute(query)).all())


@pytest.fixture
async def door(database: Database) -> AsyncIterator[Door]:
    made = Door(database, Accounts([PLAIN, PERSONAL]), lambda: NOW)
    async with made.http:
        yield made


@pytest.fixture
async def safe_door(database: Database) -> AsyncIterator[Door]:
    made = Door(database, Accounts([SAFE]), lambda: NOW)
    async with made.http:
        yield made


# WeChat's own vector, but for the token (wechat-api.md, section 6).
_CHECK = {
    "timestamp": "1714036504",
    "nonce": "1514711492",
    "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
    "echostr": "4375120948345356249",
}


async def test_the_address_check_gets_its_own_text_back(database: Database) -> None:
    account = PLAIN.model_copy(update={"callback_token": SecretStr("AAAAA")})
    door = Door(database, Accounts([account]), lambda: NOW)
    async with door.http as http:
        answer = await http.get("/callback/main", params=_CHECK)
        assert (answer.status_code, answer.text) == (200, "4375120948345356249")
        assert answer.headers["content-type"].startswith("text/plain")
        for change in ({"nonce": "1"}, {"signature": ""}, {"timestamp": "1714036505"}):
            assert (await http.get("/callback/main", params=_CHECK | change)).status_code == 403
        script = await http.get("/callback/main", params=_CHECK | {"echostr": "<script>"})
        assert script.status_code == 400
        assert "script" not in script.text


async def test_a_push_is_kept_before_it_is_answered(door: Door) -> None:
    answer = await door.push(TEXT.format(msg_id=1))
    assert (answer.status_code, answer.text) == (200, "success")
    ((account, kind, sealed, body),) = await door.kept()
    assert (account, kind, bool(sealed)) == ("main", "text", False)
    assert body["Content"] == "你好"
    assert door.counted == {"taken": 1}


async def test_what_wechat_repeats_is_answered_and_kept_once(door: Door) -> None:
    for _ in range(4):
        assert (await door.push(TEXT.format(msg_id=1))).text == "success"
    assert len(await door.kept()) == 1
    assert door.counted == {"taken": 1, "repeated": 3}


@pytest.mark.parametrize("at", [NOW - 601, NOW + 601, 0, -5])
async def test_an_old_push_and_one_of_the_future_are_refused(door: Door, at: float) -> None:
    assert (await door.push(TEXT.format(msg_id=1), at=at)).status_code == 403
    assert await door.kept() == []


async def test_forgeries_are_refused_and_leave_nothing(door: Door) -> None:
    for token in ("", "guess", TOKEN + "x"):
        answer = await door.push(TEXT.format(msg_id=1), token=token)
        assert answer.json()["error"]["code"] == "push_refused"
        assert answer.status_code == 403
    assert await door.kept() == []
    assert door.counted == {"refused": 3}


async def test_an_account_without_a_token_looks_like_one_that_is_not_there(door: Door) -> None:
    answers = [await door.push(TEXT, account=name, token="") for name in ("personal", "nobody")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


async def test_a_push_in_safe_mode_is_opened(safe_door: Door) -> None:
    assert (await safe_door.push_sealed(TEXT.format(msg_id=1))).text == "success"
    ((_, kind, sealed, _),) = await safe_door.kept()
    assert (kind, bool(sealed)) == ("text", True)


async def test_a_json_envelope_is_read_too(safe_door: Door) -> None:
    sealed = seal(
        b'{"MsgType": "text", "MsgId": 5}',
        encoding_aes_key=KEY, app_id=MAIN.app_id, random16=bytes(16),
    )  # fmt: skip
    stamp = str(int(NOW))
    query = {
        "timestamp": stamp,
        "nonce": "n",
        "msg_signature": signature(TOKEN, stamp, "n", sealed),
    }
    body = {"ToUserName": "gh", "Encrypt": sealed}
    answer = await safe_door.http.post("/callback/main", params=query, json=body)
    assert answer.text == "success"


async def test_with_a_key_nothing_in_plain_is_taken(safe_door: Door) -> None:
    assert (await safe_door.push(TEXT.format(msg_id=1))).status_code == 403
    assert await safe_door.kept() == []


async def test_what_another_key_or_account_sealed_is_refused(safe_door: Door) -> None:
    for how in ({"key": "x" * 43}, {"app_id": PERSONAL.app_id}):
        answer = await safe_door.push_sealed(TEXT.format(msg_id=1), **how)
        assert answer.status_code == 403
    assert await safe_door.kept() == []


async def test_a_changed_cipher_text_is_refused_before_it_is_opened(safe_door: Door) -> None:
    stamp = str(int(NOW))
    query = {"timestamp": stamp, "nonce": "n", "msg_signature": signature(TOKEN, stamp, "n", "x")}
    body = "<xml><Encrypt>QUFBQUFBQUFBQUFBQUFBQQ==</Encrypt></xml>"
    assert (
        await safe_door.http.post("/callback/main", params=query, content=body)
    ).status_code == 403


async def test_a_dtd_is_not_read(door: Door) -> None:
    body = '<!DOCTYPE x [<!ENTITY a "text">]><xml><MsgType>&a;</MsgType><MsgId>1</MsgId></xml>'
    answer = await door.push(body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "push_invalid")
    assert door.counted == {"unreadable": 1}


async def test_a_push_of_megabytes_is_not_read_to_its_end(door: Door) -> None:
    assert (await door.push("x" * 70_000)).status_code == 413


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=st.binary(max_size=300),
    query=st.dictionaries(
        st.sampled_from(["signature", "msg_signature", "timestamp", "nonce", "echostr", "x"]),
        st.text(max_size=20),
    ),
    signed=st.booleans(),
)
async def test_no_bytes_at_all_give_a_500(
    door: Door, body: bytes, query: dict[str, str], *, signed: bool
) -> None:
    if signed:
        right = signature(TOKEN, str(int(NOW)), "n")
        query |= {"timestamp": str(int(NOW)), "nonce": "n", "signature": right}
    for method in ("GET", "POST"):
        answer = await door.http.request(method, "/callback/main", params=query, content=body)
        assert answer.status_code < 500


async def test_a_store_that_is_away_makes_wechat_try_again(door: Door) -> None:
    async with door.database.write() as connection:
        await connection.execute(text("ALTER TABLE event RENAME TO event_away"))
    assert (await door.push(TEXT.format(msg_id=1))).status_code >= 500
    async with door.database.write() as connection:
        await connection.execute(text("ALTER TABLE event_away RENAME TO event"))
    assert (await door.push(TEXT.format(msg_id=1))).text == "success"
