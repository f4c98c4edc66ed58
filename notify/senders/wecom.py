import re
from typing import Any, ClassVar, Literal

from pydantic import Field

from core.errors import Text
from notify.channel_settings import ChannelSettings, SecretUrl
from notify.message import Message
from notify.sender import Receipt
from notify.senders.clipping import clipped_bytes
from notify.senders.http import Asks, json_of, post_json
from notify.senders.mentions import Mentions
from notify.senders.refusals import Refusal, of_number, refused

# Source: developer.work.weixin.qq.com/document/path/91770 (消息推送配置说明): 20 messages a minute;
# markdown up to 4096 bytes, in which <@userid> calls somebody; text up to 2048 bytes, with
# mentioned_list and mentioned_mobile_list, which alone can call everybody or a phone number.
RATE = "20/minute"
_MARKDOWN_BYTES = 4_096
_TEXT_BYTES = 2_048
_CALL = re.compile("<(?=@)")

_BUSY = Refusal(
    Text("企业微信限流：每分钟 20 条", "WeCom's limit: 20 a minute"), final=False, rest_s=60
)
_TOO_LONG = Refusal(Text("消息太长或格式不符", "the message is too long or malformed"))
# Source: developer.work.weixin.qq.com/document/path/90455 (全局错误码).
_REFUSALS = {
    -1: Refusal(Text("企业微信繁忙", "WeCom is busy"), final=False),
    45009: _BUSY,
    45033: _BUSY,
    93000: Refusal(
        Text("Webhook 地址无效，或机器人已移出群", "the URL is invalid, or the robot was removed")
    ),
    93004: Refusal(Text("机器人已停用", "the robot is disabled")),
    93008: Refusal(Text("机器人不在群里", "the robot is not in the group")),
    40008: _TOO_LONG,
    40058: _TOO_LONG,
    45002: _TOO_LONG,
}


class WeComSettings(ChannelSettings):
    """A 消息推送 (群机器人) of a WeCom group."""

    type: Literal["wecom"]
    url: SecretUrl = Field(description="the robot's Webhook, as its page shows it; or url_file")


class WeComSender:
    """Sends Markdown to a WeCom group."""

    repeatable: ClassVar[bool] = True

    def __init__(self, settings: WeComSettings, asks: Asks) -> None:
        self._settings = settings
        self._asks = asks

    async def send(self, message: Message) -> Receipt:
        """Hand the message over."""
        url = self._settings.url.get_secret_value()
        told = json_of(await post_json(self._asks, url, _body(message)))
        if (code := told.get("errcode")) != 0:
            raise refused(code, told.get("errmsg"), of_number(_REFUSALS, code))
        return Receipt()

    async def aclose(self) -> None:
        """Nothing is kept."""


def _body(message: Message) -> dict[str, Any]:
    called = Mentions.of(message.mention)
    if called.everybody or called.phones:
        everybody = ["@all"] if called.everybody else []
        text = {
            "content": clipped_bytes(message.text, _TEXT_BYTES),
            "mentioned_list": [*called.users, *everybody],
            "mentioned_mobile_list": called.phones,
        }
        return {"msgtype": "text", "text": text}
    calls = "".join(f"<@{user}>" for user in called.users)
    # What a title holds calls nobody.
    shown = _CALL.sub("< ", message.markdown or message.text)
    content = clipped_bytes(shown, _MARKDOWN_BYTES - len(f"\n{calls}".encode()))
    return {
        "msgtype": "markdown",
        "markdown": {"content": f"{content}\n{calls}" if calls else content},
    }
