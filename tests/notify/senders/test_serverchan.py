from typing import Any

import pytest
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response

from fetch.post import Poster
from notify.sender import NotDelivered, Receipt
from notify.senders.serverchan import ServerChanSender, ServerChanSettings
from tests.notify.conftest import MakeMessage
from tests.notify.receivers import Asked, Receiver

TURBO, THREE = "SCT1234Thidden", "sctp1234thidden"


def serverchan(asked: Asked) -> Response | None:
    """By the service's own client: two forms of address, told apart by the key."""
    if asked.path not in (f"/{TURBO}.send", f"/send/{THREE}.send"):
        return JSONResponse(
            {"message": "[AUTH]错误的Key", "code": 40001, "info": "错误的Key", "scode": 461},
            status_code=400,
        )
    if not 0 < len(asked.json["title"]) <= 32 or len(asked.json["desp"].encode()) > 32 * 1024:
        return JSONResponse({"code": 40010, "message": "too long"})
    data = {"pushid": "5512", "readkey": "x", "error": "SUCCESS", "errno": 0}
    return JSONResponse({"code": 0, "message": "", "data": data})


def settings(**said: Any) -> ServerChanSettings:
    entry = {"name": "me", "type": "serverchan", "send_key": TURBO, **said}
    return ServerChanSettings.model_validate(entry)


@pytest.mark.parametrize("key", [TURBO, THREE])
async def test_the_key_says_which_service_it_is_of(
    receiver: Receiver, poster: Poster, message: MakeMessage, key: str
) -> None:
    receiver.judge = serverchan
    sender = ServerChanSender(settings(send_key=key, base_url=receiver.url()), poster)
    receipt = await sender.send(message(subject="题" * 60, markdown="字" * 20_000))
    assert receipt == Receipt(reference="5512")


async def test_a_wrong_key_is_final_and_is_not_told(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = serverchan
    sender = ServerChanSender(settings(send_key="SCTotherhidden", base_url=receiver.url()), poster)
    with pytest.raises(NotDelivered, match="40001") as caught:
        await sender.send(message())
    assert caught.value.final
    assert "hidden" not in caught.value.reason


class Noting:
    """Notes where it is asked to post."""

    def __init__(self) -> None:
        self.urls: list[str] = []

    async def ask(self, url: str, body: bytes, headers: object) -> Any:
        del body, headers
        self.urls.append(url)
        raise NotDelivered("enough")


@pytest.mark.parametrize(
    ("key", "url"),
    [
        (TURBO, f"https://sctapi.ftqq.com/{TURBO}.send"),
        (THREE, f"https://1234.push.ft07.com/send/{THREE}.send"),
    ],
)
async def test_where_the_services_are(message: MakeMessage, key: str, url: str) -> None:
    noting = Noting()
    with pytest.raises(NotDelivered):
        await ServerChanSender(settings(send_key=key), noting).send(message())
    assert noting.urls == [url]


@pytest.mark.parametrize("key", ["", "SCT/../x", "SCT 1234567", "sctp1@evil.test"])
def test_a_key_is_letters_and_digits(key: str) -> None:
    with pytest.raises(ValidationError):
        settings(send_key=key)
