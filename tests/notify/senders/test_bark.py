from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from fetch.post import Poster
from notify.sender import NotDelivered, Receipt
from notify.senders.bark import BarkSender, BarkSettings
from tests.notify.conftest import MakeMessage
from tests.notify.receivers import Asked, Receiver


def bark(asked: Asked) -> Response:
    """As bark-server does: JSON at /push, a key that it knows, 4 KB for Apple."""
    if asked.path != "/push" or asked.json["device_key"] != "hiddenkey":
        said = "failed to get device token: failed to get [x] device token from database"
        return JSONResponse({"code": 400, "message": said}, status_code=400)
    if len(asked.body) > 4_096:
        said = "push failed: PayloadTooLarge"
        return JSONResponse({"code": 500, "message": said}, status_code=500)
    return JSONResponse({"code": 200, "message": "success", "timestamp": 1})


def sender(receiver: Receiver, poster: Poster, **said: Any) -> BarkSender:
    entry = {"name": "me", "type": "bark", "device_key": "hiddenkey", "base_url": receiver.url("/")}
    return BarkSender(BarkSettings.model_validate({**entry, **said}), poster)


async def test_a_phone_is_pushed_to(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = bark
    assert await sender(receiver, poster).send(message(url="https://a.test/x")) == Receipt()
    assert receiver.got[0].json == {
        "device_key": "hiddenkey",
        "title": "发表失败",
        "body": "发表失败\n账号 main",
        "level": "timeSensitive",
        "group": "wxgate",
        "url": "https://a.test/x",
    }


async def test_a_long_text_fits(receiver: Receiver, poster: Poster, message: MakeMessage) -> None:
    receiver.judge = bark
    for text in ("字" * 9_000, '"\n' * 9_000):
        await sender(receiver, poster).send(message(text=text, subject=text))


async def test_a_wrong_key_is_final(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = bark
    with pytest.raises(NotDelivered, match="400: failed to get device token") as caught:
        await sender(receiver, poster, device_key="other").send(message())
    assert caught.value.final


async def test_what_apple_refuses_may_pass_later(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.answers({"code": 500, "message": "push failed: TooManyRequests"}, status=500)
    with pytest.raises(NotDelivered) as caught:
        await sender(receiver, poster).send(message())
    assert not caught.value.final
