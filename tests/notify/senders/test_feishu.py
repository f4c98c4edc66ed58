import base64
import hmac
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from fetch.post import Poster
from notify.sender import NotDelivered, Receipt
from notify.senders.feishu import FeishuSender, FeishuSettings
from tests.notify.conftest import MakeMessage
from tests.notify.receivers import NOW, Asked, Receiver

HOOK = "/open-apis/bot/v2/hook/3cf9a1d2-hidden"
SECRET = "l2fW0sLwZ9Qmhidden"


def feishu(asked: Asked) -> Response | None:
    """As the guide says: key = timestamp + "\\n" + secret, over nothing; seconds; one hour."""
    if asked.path != HOOK:
        said = {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}
        return JSONResponse(said)
    if len(asked.body) > 20 * 1024:
        return JSONResponse({"code": 9499, "msg": "Bad Request", "data": {}})
    at = asked.json["timestamp"]
    key = bytes(at, "ascii") + b"\n" + bytes(SECRET, "ascii")
    right = base64.b64encode(hmac.digest(key, b"", "sha256")).decode()
    if asked.json["sign"] != right or abs(int(at) - NOW) > 3_600:
        return JSONResponse({"code": 19021, "msg": "sign match fail or timestamp is not within"})
    return None


def sender(receiver: Receiver, poster: Poster, **said: Any) -> FeishuSender:
    receiver.good = {"StatusCode": 0, "StatusMessage": "success", "code": 0, "msg": "success"}
    entry = {"name": "ops", "type": "feishu", "url": receiver.url(HOOK), "secret": SECRET, **said}
    return FeishuSender(FeishuSettings.model_validate(entry), poster, lambda: NOW)


async def test_the_signature_is_the_one_that_the_guide_describes(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = feishu
    assert await sender(receiver, poster).send(message()) == Receipt()
    said = receiver.got[0].json
    assert said["msg_type"] == "interactive"
    assert said["card"] == {
        "config": {"wide_screen_mode": True},
        "header": {"title": {"tag": "plain_text", "content": "发表失败"}, "template": "red"},
        "elements": [{"tag": "markdown", "content": "**发表失败**\n\n账号 `main`"}],
    }


async def test_a_wrong_secret_is_final(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = feishu
    with pytest.raises(NotDelivered, match="19021") as caught:
        await sender(receiver, poster, secret="other").send(message())
    assert caught.value.final


async def test_without_a_secret_nothing_is_signed(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    await sender(receiver, poster, secret="").send(message())
    assert "sign" not in receiver.got[0].json


async def test_users_and_everybody_are_called(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    await sender(receiver, poster).send(message(mention=("ou_84aad35d", "all")))
    content = receiver.got[0].json["card"]["elements"][0]["content"]
    assert content.endswith("\n<at id=ou_84aad35d></at><at id=all></at>")


async def test_what_a_title_holds_calls_nobody(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    await sender(receiver, poster).send(message(markdown="<at id=all></at> < AT id=x> <b>"))
    content = receiver.got[0].json["card"]["elements"][0]["content"]
    assert content == "&#60;at id=all>&#60;/at> &#60; AT id=x> <b>"


@pytest.mark.parametrize("text", ["字" * 9_000, '"\\\n' * 9_000, "<at" * 9_000])
async def test_a_long_text_fits(
    receiver: Receiver, poster: Poster, message: MakeMessage, text: str
) -> None:
    receiver.judge = feishu
    await sender(receiver, poster).send(message(markdown=text, subject="题" * 500))


@pytest.mark.parametrize(
    ("code", "final", "pause_s"), [(11232, False, 60), (19024, True, 0), (4, False, 0)]
)
async def test_each_code_says_whether_to_try_again(
    receiver: Receiver,
    poster: Poster,
    message: MakeMessage,
    *,
    code: int,
    final: bool,
    pause_s: float,
) -> None:
    receiver.answers({"code": code, "msg": "no"})
    with pytest.raises(NotDelivered) as caught:
        await sender(receiver, poster).send(message())
    assert (caught.value.final, caught.value.retry_after_s) == (final, pause_s)
    assert "hidden" not in caught.value.reason
