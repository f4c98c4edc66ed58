from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from core.clock import Clock, rfc3339
from notify.channel_settings import ChannelSettings, SecretUrl
from notify.message import Message
from notify.sender import Receipt
from notify.senders.http import Asks, check_status, encoded, post
from notify.senders.webhook_signing import is_secret, signed_headers


class WebhookSettings(ChannelSettings):
    """A program of yours that is told in JSON, signed as in Standard Webhooks."""

    type: Literal["webhook"]
    url: SecretUrl = Field(description="where to post to; or url_file")
    secret: SecretStr = Field(
        description="whsec_ and base64 of 24 to 64 random bytes; or secret_file"
    )

    @field_validator("secret")
    @classmethod
    def _is_a_secret(cls, secret: SecretStr) -> SecretStr:
        if not is_secret(secret.get_secret_value()):
            raise ValueError(
                "应为 whsec_ 加 24–64 个随机字节的 base64 / "
                "must be whsec_ and base64 of 24 to 64 random bytes"
            )
        return secret


class WebhookSender:
    """Posts messages to a receiver that checks their signature."""

    repeatable: ClassVar[bool] = True  # the webhook-id is the same: receivers know it again

    def __init__(self, settings: WebhookSettings, asks: Asks, clock: Clock) -> None:
        self._settings = settings
        self._asks = asks
        self._clock = clock

    async def send(self, message: Message) -> Receipt:
        """Hand the message over."""
        url, secret = (
            each.get_secret_value() for each in (self._settings.url, self._settings.secret)
        )
        body = encoded(_body(message))
        headers = signed_headers(secret, message.id, int(self._clock()), body)
        check_status(await post(self._asks, url, body, headers))
        return Receipt()

    async def aclose(self) -> None:
        """Nothing is kept."""


def _body(message: Message) -> dict[str, Any]:
    return {
        "type": message.event or "message",
        "timestamp": rfc3339(message.created_at),
        "data": {
            "id": message.id,
            "severity": message.severity,
            "account": message.account or None,
            "language": message.language,
            "subject": message.subject,
            "text": message.text,
            "markdown": message.markdown or None,
            "variables": dict(message.variables),
            "mention": list(message.mention),
            "url": message.url or None,
        },
    }
