import re
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from core.errors import Text
from notify.channel_settings import BaseUrl, ChannelSettings
from notify.message import Message
from notify.sender import Receipt
from notify.senders.clipping import clipped_bytes, clipped_chars
from notify.senders.http import Asks, json_of, post_json
from notify.senders.refusals import Refusal, of_number, refused

# Source: sct.ftqq.com and github.com/easychen/serverchan-sdk: keys that begin with sctp<number>t
# are of Server酱³ at <number>.push.ft07.com/send/<key>.send, all others of Turbo at
# sctapi.ftqq.com/<key>.send; title up to 32 characters, desp up to 32 KB of Markdown.
_TITLE_CHARS = 32
_DESP_BYTES = 32_000
_KEY = re.compile(r"[A-Za-z0-9]{8,128}")
_THREE = re.compile(r"sctp([0-9]{1,12})t[A-Za-z0-9]+")

_REFUSALS = {
    # The same code for a wrong key and for a day's quota that is used up.
    40001: Refusal(
        Text(
            "SendKey 有误，或当天次数已用完", "the SendKey is wrong, or the day's quota is used up"
        )
    ),
}


class ServerChanSettings(ChannelSettings):
    """Server酱: to the WeChat of one person."""

    type: Literal["serverchan"]
    send_key: SecretStr = Field(description="SendKey, SCT… or sctp…; or send_key_file")
    base_url: BaseUrl | Literal[""] = Field(
        "", description="in place of the service's own address; empty: that"
    )

    @field_validator("send_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr) -> SecretStr:
        if not _KEY.fullmatch(key.get_secret_value()):
            raise ValueError("应为字母和数字 / must be letters and digits")
        return key


class ServerChanSender:
    """Sends Markdown to somebody's WeChat."""

    repeatable: ClassVar[bool] = True

    def __init__(self, settings: ServerChanSettings, asks: Asks) -> None:
        self._url = _address(settings)
        self._asks = asks

    async def send(self, message: Message) -> Receipt:
        """Hand the message over."""
        said = {
            "title": clipped_chars(message.subject, _TITLE_CHARS),
            "desp": clipped_bytes(message.markdown or message.text, _DESP_BYTES),
        }
        told = json_of(await post_json(self._asks, self._url, said))
        if (code := told.get("code")) != 0:
            raise refused(code, told.get("message"), of_number(_REFUSALS, code))
        data = told.get("data")
        return Receipt(reference=str(data.get("pushid", "")) if isinstance(data, dict) else "")

    async def aclose(self) -> None:
        """Nothing is kept."""


def _address(settings: ServerChanSettings) -> str:
    key = settings.send_key.get_secret_value()
    if found := _THREE.fullmatch(key):
        return f"{settings.base_url or f'https://{found[1]}.push.ft07.com'}/send/{key}.send"
    return f"{settings.base_url or 'https://sctapi.ftqq.com'}/{key}.send"
