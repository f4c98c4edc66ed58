import base64
import hashlib
import hmac
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.responses import Response

from fetch.post import Poster
from notify.sender import DeliveryUnknown, NotDelivered, Receipt
from notify.senders.webhook import WebhookSender, WebhookSettings
from tests.notify.conftest import MakeMessage
from tests.notify.receivers import NOW, Asked, Receiver

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def standard_webhooks(asked: Asked) -> Response | None:
    """By the specification 1.0.0: HMAC-SHA256 over id.timestamp.body, v1, base64."""
    head = asked.headers
    said = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + asked.body
    right = base64.b64encode(hmac.new(KEY, said, hashlib.sha256).digest()).decode()
    fresh = abs(int(head["webhook-timestamp"]) - NOW) < 300
    signed = f"v1,{right}" in head["webhook-signature"].split(" ")
    return None if fresh and signed else Response(status_code=401)


def sender(receiver: Receiver, poster: Poster, **said: Any) -> WebhookSender:
    entry = {"name": "own", "type": "webhook", "url": receiver.url("/x?k=1"), "secret": SECRET}
    return WebhookSender(WebhookSettings.model_validate({**entry, **said}), poster, lambda: NOW)


async def test_a_receiver_of_standard_webhooks_believes_it(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = standard_webhooks
    said = message(event="publish.failed", account="main", variables={"a": "1"})
    assert await sender(receiver, poster).send(said) == Receipt()
    (asked,) = receiver.got
    assert asked.headers["webhook-id"] == said.id
    assert asked.json == {
        "type": "publish.failed",
        "timestamp": "2025-06-15T15:06:40.000Z",
        "data": {
            "id": said.id,
            "severity": "error",
            "account": "main",
            "language": "zh",
            "subject": "发表失败",
            "text": "发表失败\n账号 main",
            "markdown": "**发表失败**\n\n账号 `main`",
            "variables": {"a": "1"},
            "mention": [],
            "url": None,
        },
    }


async def test_another_secret_is_refused_by_the_receiver(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = standard_webhooks
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    with pytest.raises(NotDelivered, match="HTTP 401") as caught:
        await sender(receiver, poster, secret=other).send(message())
    assert caught.value.final


async def test_who_asks_for_a_pause_gets_it(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.answers({}, status=429, retry_after="7")
    with pytest.raises(NotDelivered) as caught:
        await sender(receiver, poster).send(message())
    assert (caught.value.final, caught.value.retry_after_s) == (False, 7)


async def test_who_breaks_may_have_taken_it(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.answers({}, status=500)
    with pytest.raises(DeliveryUnknown):
        await sender(receiver, poster).send(message())
    assert sender(receiver, poster).repeatable


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!", "MDAw", "whsec_MDAw"])
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(ValidationError, match="whsec_"):
        WebhookSettings.model_validate(
            {"name": "own", "type": "webhook", "url": "https://203.0.113.5/", "secret": secret}
        )
