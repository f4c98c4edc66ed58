import base64
import hmac
import re
from functools import partial
from typing import Any
from urllib.parse import unquote_plus

import pytest
from starlette.responses import JSONResponse, Response

from fetch.post import Poster
from notify.sender import DeliveryUnknown, NotDelivered, Receipt
from notify.senders.dingtalk import DingTalkSender, DingTalkSettings
from sandbox.faults import Fault
from tests.notify.conftest import MakeMessage
from tests.notify.receivers import NOW, Asked, Receiver

TOKEN = "566cc69da782ec33e42ee7db0e0a4f24d16d0a2d1cd4ef2ab1dd2e6ed2bfbf8f"
SECRET = "SEC19dd84be8c7f3cf71761974f1ed3ef77c1451906ae8ba18acf56103ee"
HOUR_MS = 3_600_000


def refusal(code: int, text: str) -> Response:
    return JSONResponse({"errcode": code, "errmsg": text})


def dingtalk(asked: Asked) -> Response | None:
    """As the page says: timestamp in ms within an hour; sign = base64(HmacSHA256) url-encoded."""
    fields = dict(part.split("=", 1) for part in asked.raw_query.split("&"))
    if (asked.path, fields.get("access_token")) != ("/robot/send", TOKEN):
        return refusal(300001, "token is not exist")
    at = fields["timestamp"]
    if abs(int(at) - NOW * 1_000) > HOUR_MS:
        return refusal(310000, "invalid timestamp")
    mac = hmac.HMAC(SECRET.encode("utf-8"), digestmod="sha256")
    mac.update(at.encode() + b"\n" + SECRET.encode())
    if base64.standard_b64decode(unquote_plus(fields["sign"])) != mac.digest():
        return refusal(310000, "sign not match")
    if "utf-8" not in asked.headers["content-type"].lower():
        return refusal(40035, "content-type")
    return None


def sender(receiver: Receiver, poster: Poster, **said: Any) -> DingTalkSender:
    url = receiver.url(f"/robot/send?access_token={TOKEN}")
    entry = {"name": "ops", "type": "dingtalk", "url": url, "secret": SECRET, **said}
    return DingTalkSender(DingTalkSettings.model_validate(entry), poster, lambda: NOW)


async def test_the_signature_is_the_one_that_the_page_describes(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = dingtalk
    assert await sender(receiver, poster).send(message()) == Receipt()
    (asked,) = receiver.got
    assert asked.json == {
        "msgtype": "markdown",
        "markdown": {"title": "发表失败", "text": "**发表失败**\n\n账号 `main`"},
        "at": {"atMobiles": [], "atUserIds": [], "isAtAll": False},
    }


async def test_no_signature_is_bent_by_the_address_it_stands_in(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = dingtalk
    # Base64 has "+", "/" and "=": in a few signatures each of them stands.
    for seconds in range(12):
        clock = partial(float, NOW + seconds)
        settings = sender(receiver, poster)._settings
        await DingTalkSender(settings, poster, clock).send(message())
    assert {"%2B", "%2F", "%3D"} <= set(re.findall("%[0-9A-F]{2}", str(receiver.got)))


async def test_a_wrong_secret_is_final_and_its_cure_is_told(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = dingtalk
    with pytest.raises(NotDelivered) as caught:
        await sender(receiver, poster, secret="SECother").send(message())
    assert caught.value.final
    assert caught.value.reason.startswith("310000: sign not match (")
    assert TOKEN not in caught.value.reason


async def test_without_a_secret_the_address_is_used_as_it_is(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    await sender(receiver, poster, secret="").send(message())
    assert receiver.got[0].raw_query == f"access_token={TOKEN}"


async def test_who_is_mentioned_stands_in_the_text_too(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    await sender(receiver, poster).send(message(mention=("13800000000", "user-7", "all")))
    said = receiver.got[0].json
    assert said["at"] == {"atMobiles": ["13800000000"], "atUserIds": ["user-7"], "isAtAll": True}
    assert said["markdown"]["text"].endswith("\n\n@13800000000 @user-7")


async def test_a_long_text_is_cut_to_what_fits(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    await sender(receiver, poster).send(message(markdown="字" * 20_000, subject="题" * 200))
    asked = receiver.got[0]
    assert len(asked.body) < 20_000
    assert asked.json["markdown"]["text"].endswith("字…")
    assert len(asked.json["markdown"]["title"]) == 64
    await sender(receiver, poster).send(message(markdown='"\n' * 20_000))
    assert 15_000 < len(receiver.got[1].body) < 20_000


@pytest.mark.parametrize(
    ("code", "final", "pause_s"),
    [
        (130101, False, 600),
        (410100, False, 600),
        (-1, False, 0),
        (400102, True, 0),
        (300001, True, 0),
        (460101, True, 0),
        (123456, False, 0),
    ],
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
    receiver.answers({"errcode": code, "errmsg": "no"})
    with pytest.raises(NotDelivered) as caught:
        await sender(receiver, poster).send(message())
    assert (caught.value.final, caught.value.retry_after_s) == (final, pause_s)


async def test_the_real_answer_of_one_who_is_muted(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.answers(
        {
            "status": 1111, "wait": 5, "source": "x5", "punish": "deny",
            "uuid": "9ff0e7e2346aabb5a8bcbb7c93c71636", "errcode": 130101,
            "errmsg": "send too fast, exceed 20 times per minute",
        }
    )  # fmt: skip
    with pytest.raises(NotDelivered, match="20"):
        await sender(receiver, poster).send(message())


@pytest.mark.parametrize("said", [{"errcode": "0"}, {"errcode": None}, {}, {"errcode": [1]}])
async def test_only_the_number_0_means_that_it_arrived(
    receiver: Receiver, poster: Poster, message: MakeMessage, said: dict[str, Any]
) -> None:
    receiver.answers(said)
    with pytest.raises(NotDelivered):
        await sender(receiver, poster).send(message())


async def test_a_lost_answer_is_unknown(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.plan.add(Fault(kind="reset_before_read"))
    with pytest.raises(DeliveryUnknown) as caught:
        await sender(receiver, poster).send(message())
    assert TOKEN not in caught.value.reason
    assert sender(receiver, poster).repeatable


def test_the_address_is_kept_as_a_secret() -> None:
    settings = DingTalkSettings.model_validate(
        {
            "name": "ops",
            "type": "dingtalk",
            "url": f"https://oapi.dingtalk.com/?access_token={TOKEN}",
        }
    )
    assert TOKEN not in repr(settings)
    assert TOKEN not in settings.model_dump_json()
