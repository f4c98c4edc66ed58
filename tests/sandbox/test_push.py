import asyncio
import base64
import time
from collections.abc import AsyncIterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config

from core.tasks import TaskSet
from sandbox.faults import FaultPlan
from sandbox.listener import Listener
from sandbox.protocol import protocol_with
from sandbox.settings import VERIFIED
from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Start
from wechat.push import signature

KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")


def parse(xml: bytes) -> ET.Element:
    """The sandbox's own XML, so there is nothing in it to fear."""
    return ET.fromstring(xml)  # noqa: S314


class Receiver:
    """An account's server: keeps what is pushed, answers as told."""

    def __init__(self) -> None:
        self.answers = [b"success"]
        self.pushes: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.pushes.append((dict(request.query_params), await request.body()))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await Response(answer)(scope, receive, send)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made, tasks = Receiver(), TaskSet()
    listener = Listener(protocol_with(FaultPlan()), tasks, time.time)
    await listener.open(Config(made, port=0, ws="none", lifespan="off", log_config=None), tls=None)
    made.url = f"http://127.0.0.1:{listener.port}/callback/main"
    yield made
    await listener.aclose()


async def publish(start: Start, receiver: Receiver, status: int = 0, **account: Any) -> Caller:
    """Publish with a callback address set; returns after the push was handled."""
    account |= {"callback_url": receiver.url, "callback_token": "token"}
    caller = await start(accounts=(VERIFIED.model_copy(update=account),))
    await caller.control("outcomes", {"publish_status": status})
    await caller.submit(await caller.draft())
    await caller.advance(3600)
    while not any(e.data["handled"] for e in caller.sandbox.ledger.entries("push")):
        await caller.http.get("/sandbox/faults")
    return caller


async def test_a_finished_publication_is_told_in_plain_xml(
    start: Start, receiver: Receiver
) -> None:
    await publish(start, receiver)
    query, body = receiver.pushes[0]
    assert query["signature"] == signature("token", query["timestamp"], query["nonce"])
    event = parse(body)
    assert event.findtext("ToUserName") == VERIFIED.original_id
    assert (event.findtext("MsgType"), event.findtext("Event")) == ("event", "PUBLISHJOBFINISH")
    info = event.find("PublishEventInfo")
    assert info is not None
    assert info.findtext("publish_status") == "0"
    assert info.findtext("article_id")
    assert info.findtext("article_detail/count") == "1"
    assert (info.findtext("article_detail/item/article_url") or "").startswith("http://127.")


async def test_a_failed_publication_is_told_with_its_articles(
    start: Start, receiver: Receiver
) -> None:
    await publish(start, receiver, status=4)
    info = parse(receiver.pushes[0][1]).find("PublishEventInfo")
    assert info is not None
    assert (info.findtext("publish_status"), info.findtext("fail_idx")) == ("4", "1")
    assert info.find("article_id") is None


async def test_a_finished_mass_send_is_told_once_with_its_counts(
    start: Start, receiver: Receiver
) -> None:
    account = {"callback_url": receiver.url, "callback_token": "token"}
    caller = await start(accounts=(VERIFIED.model_copy(update=account),))
    said = {"filter": {"is_to_all": True}, "msgtype": "mpnews"}
    said["mpnews"] = {"media_id": await caller.draft()}
    sent = await caller.post("/cgi-bin/message/mass/sendall", said)
    assert receiver.pushes == []
    await caller.advance(3600)
    while not any(e.data["handled"] for e in caller.sandbox.ledger.entries("push")):
        await caller.http.get("/sandbox/faults")
    await asyncio.sleep(0.3)  # the world is settled some times more
    ((_, body),) = receiver.pushes
    event = parse(body)
    assert (event.findtext("Event"), event.findtext("MsgID")) == (
        "MASSSENDJOBFINISH",
        str(sent["msg_id"]),
    )
    assert (event.findtext("SentCount"), event.findtext("ErrorCount")) == ("100", "0")


async def test_safe_mode_hides_the_event(start: Start, receiver: Receiver) -> None:
    await publish(start, receiver, encoding_aes_key=KEY)
    query, body = receiver.pushes[0]
    sealed = parse(body).findtext("Encrypt") or ""
    assert query["encrypt_type"] == "aes"
    expected = signature("token", query["timestamp"], query["nonce"], sealed)
    assert query["msg_signature"] == expected
    key = base64.b64decode(KEY + "=")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = decryptor.update(base64.b64decode(sealed)) + decryptor.finalize()
    plain = plain[: -plain[-1]]
    length = int.from_bytes(plain[16:20], "big")
    event = parse(plain[20 : 20 + length])
    assert event.findtext("Event") == "PUBLISHJOBFINISH"
    assert plain[20 + length :].decode() == VERIFIED.app_id


async def test_a_push_that_is_not_taken_comes_again(start: Start, receiver: Receiver) -> None:
    receiver.answers = [b"<html>error</html>", b"busy", b""]
    caller = await publish(start, receiver)
    handled = [entry.data["handled"] for entry in caller.sandbox.ledger.entries("push")]
    assert handled == [False, False, True]
    assert len(receiver.pushes) == 3


async def test_after_four_tries_it_is_given_up(start: Start) -> None:
    account = VERIFIED.model_copy(update={"callback_url": "http://127.0.0.1:9/none"})
    caller = await start(accounts=(account,))
    await caller.submit(await caller.draft())
    await caller.advance(3600)
    while len(caller.sandbox.ledger.entries("push")) < 4:
        await caller.http.get("/sandbox/faults")
    assert [e.data["attempt"] for e in caller.sandbox.ledger.entries("push")] == [1, 2, 3, 4]
