from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from core.errors import Text
from notify.channel_settings import BaseUrl, ChannelSettings
from notify.message import Message, Severity
from notify.sender import Receipt
from notify.senders.clipping import clipped_json
from notify.senders.http import Asks, json_of, post_json
from notify.senders.refusals import Refusal, of_number, refused

# Source: bark.day.app and github.com/Finb/bark-server, docs/API_V2.md and route_push.go: POST /push
# with JSON; the answer's code is 200. Apple takes 4 096 bytes of a notification in all.
_OK = 200
_TITLE_BYTES = 300
_BODY_BYTES = 2_800
_LEVELS: dict[Severity, str] = {
    "info": "active",
    "warning": "active",
    "error": "timeSensitive",
    "critical": "timeSensitive",
}

_REFUSALS = {400: Refusal(Text("device_key 有误或已失效", "the device_key is wrong or gone"))}


class BarkSettings(ChannelSettings):
    """Bark: to one iPhone."""

    type: Literal["bark"]
    device_key: SecretStr = Field(
        min_length=1, description="the part after the host of the app's URL; or device_key_file"
    )
    base_url: BaseUrl = Field(
        "https://api.day.app", description="your own server's, if you run one"
    )
    group: str = Field("wxgate", max_length=64, description="under which the phone files them")


class BarkSender:
    """Pushes to an iPhone."""

    repeatable: ClassVar[bool] = True

    def __init__(self, settings: BarkSettings, asks: Asks) -> None:
        self._settings = settings
        self._asks = asks

    async def send(self, message: Message) -> Receipt:
        """Hand the message over."""
        said = {
            "device_key": self._settings.device_key.get_secret_value(),
            "title": clipped_json(message.subject, _TITLE_BYTES),
            "body": clipped_json(message.text, _BODY_BYTES),
            "level": _LEVELS[message.severity],
            "group": self._settings.group,
            **({"url": message.url} if message.url else {}),
        }
        told = json_of(await post_json(self._asks, f"{self._settings.base_url}/push", said))
        if (code := told.get("code")) != _OK:
            raise refused(code, told.get("message"), of_number(_REFUSALS, code))
        return Receipt()

    async def aclose(self) -> None:
        """Nothing is kept."""
