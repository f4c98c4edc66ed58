import base64
import hashlib
import hmac
from typing import Any, ClassVar, Literal
from urllib.parse import quote_plus

from pydantic import Field, SecretStr

from core.clock import Clock
from core.errors import Text
from notify.channel_settings import ChannelSettings, SecretUrl
from notify.message import Message
from notify.sender import Receipt
from notify.senders.clipping import clipped_chars, clipped_json
from notify.senders.http import Asks, json_of, post_json
from notify.senders.mentions import Mentions
from notify.senders.refusals import Refusal, of_number, refused

# Source: open.dingtalk.com/document/robots/custom-robot-access (自定义机器人接入): HmacSHA256 with
# the secret as key over "<ms>\n<secret>", in base64, in the query. 20 messages a minute, or the
# robot is muted for 10 minutes. The page states no limit of length; what DingTalk answers beyond
# it is 460101, "message too long, exceed 20000 bytes".
RATE = "20/minute"
_MUTED_S = 600.0
_MAX_BYTES = 18_000  # of the text, so that the whole stays below
_TITLE_CHARS = 64  # of what the list of chats shows

_TOO_FAST = Refusal(
    Text("钉钉限流：每分钟 20 条", "DingTalk's limit: 20 a minute"), final=False, rest_s=_MUTED_S
)
# Source: the same page, 错误码; its answers as users report them (130101, 460101), and
# developer.aliyun.com/ask/595588 (90030).
_REFUSALS = {
    -1: Refusal(Text("钉钉繁忙", "DingTalk is busy"), final=False),
    130101: _TOO_FAST,
    410100: _TOO_FAST,
    310000: Refusal(
        Text(
            "机器人的安全设置不符：加签密钥、关键词或 IP，以及本机时间",
            "the robot's security settings: its secret, keywords or IPs, and this host's clock",
        )
    ),
    90030: Refusal(Text("调用次数达到上限", "the quota of calls is used up")),
    300001: Refusal(Text("网址里的 access_token 无效", "the URL's access_token is invalid")),
    400101: Refusal(Text("网址里的 access_token 无效", "the URL's access_token is invalid")),
    400013: Refusal(Text("群已解散", "the group was dissolved")),
    400102: Refusal(Text("机器人已停用", "the robot is disabled")),
    400106: Refusal(Text("机器人不存在", "the robot does not exist")),
    430101: Refusal(Text("含不合适的外链", "an unsuitable link")),
    430102: Refusal(Text("含不合适的文本", "unsuitable text")),
    430103: Refusal(Text("含不合适的图片", "an unsuitable picture")),
    430104: Refusal(Text("含不合适的内容", "unsuitable content")),
    460101: Refusal(Text("消息太长", "the message is too long")),
}


class DingTalkSettings(ChannelSettings):
    """A 自定义机器人 in a DingTalk group."""

    type: Literal["dingtalk"]
    url: SecretUrl = Field(description="the robot's Webhook, as its page shows it; or url_file")
    secret: SecretStr = Field(
        SecretStr(""), description="SEC…, if 加签 is chosen under its security; or secret_file"
    )


class DingTalkSender:
    """Sends Markdown to a DingTalk group."""

    repeatable: ClassVar[bool] = True

    def __init__(self, settings: DingTalkSettings, asks: Asks, clock: Clock) -> None:
        self._settings = settings
        self._asks = asks
        self._clock = clock

    async def send(self, message: Message) -> Receipt:
        """Hand the message over."""
        answer = await post_json(self._asks, self._signed_url(), _body(message))
        told = json_of(answer)
        if (code := told.get("errcode")) != 0:
            raise refused(code, told.get("errmsg"), of_number(_REFUSALS, code))
        return Receipt()

    async def aclose(self) -> None:
        """Nothing is kept."""

    def _signed_url(self) -> str:
        url, secret = (
            each.get_secret_value() for each in (self._settings.url, self._settings.secret)
        )
        if not secret:
            return url
        at = int(self._clock() * 1_000)
        signature = hmac.new(secret.encode(), f"{at}\n{secret}".encode(), hashlib.sha256).digest()
        sign = quote_plus(base64.b64encode(signature))
        return f"{url}{'&' if '?' in url else '?'}timestamp={at}&sign={sign}"


def _body(message: Message) -> dict[str, Any]:
    called = Mentions.of(message.mention)
    # Who is to be called has to stand in the text too.
    calls = " ".join(f"@{who}" for who in (*called.phones, *called.users))
    text = clipped_json(message.markdown or message.text, _MAX_BYTES)
    return {
        "msgtype": "markdown",
        "markdown": {
            "title": clipped_chars(message.subject, _TITLE_CHARS),
            "text": f"{text}\n\n{calls}" if calls else text,
        },
        "at": {
            "atMobiles": called.phones,
            "atUserIds": called.users,
            "isAtAll": called.everybody,
        },
    }
