import base64
import hashlib
import hmac
import re
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr

from core.clock import Clock
from core.errors import Text
from notify.channel_settings import ChannelSettings, SecretUrl
from notify.message import Message, Severity
from notify.sender import Receipt
from notify.senders.clipping import clipped_chars, clipped_json
from notify.senders.http import Asks, json_of, post_json
from notify.senders.mentions import Mentions
from notify.senders.refusals import Refusal, of_number, refused

# Source: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot (自定义机器人使用指南): sign =
# base64(HmacSHA256) whose key is "<seconds>\n<secret>" and whose message is empty; 100 messages a
# minute and 5 a second; a body of 20 KB at most.
RATE = "100/minute; 5/second"
_MAX_BYTES = 18_000  # of the text: the card stands around it
_TITLE_CHARS = 100
_CALL = re.compile(r"<(?=\s{0,8}/?at\b)", re.IGNORECASE)
_COLOURS: dict[Severity, str] = {
    "info": "blue",
    "warning": "orange",
    "error": "red",
    "critical": "carmine",
}

_SECURITY = Text(
    "机器人的安全设置不符：签名密钥、关键词或 IP，以及本机时间",
    "the robot's security settings: its secret, keywords or IPs, and this host's clock",
)
# Source: the same page; 19001 of its answers to a wrong address.
_REFUSALS = {
    9499: Refusal(Text("请求格式不符或超过 20 KB", "malformed, or over 20 KB")),
    11232: Refusal(Text("飞书限流", "Feishu's limit"), final=False, rest_s=60),
    19001: Refusal(Text("Webhook 地址无效", "the URL is invalid")),
    19021: Refusal(_SECURITY),
    19022: Refusal(_SECURITY),
    19024: Refusal(_SECURITY),
}


class FeishuSettings(ChannelSettings):
    """A 自定义机器人 of a Feishu (Lark) group."""

    type: Literal["feishu"]
    url: SecretUrl = Field(description="the robot's webhook, as its page shows it; or url_file")
    secret: SecretStr = Field(
        SecretStr(""), description="if 签名校验 is chosen under its security; or secret_file"
    )


class FeishuSender:
    """Sends cards to a Feishu group."""

    repeatable: ClassVar[bool] = True

    def __init__(self, settings: FeishuSettings, asks: Asks, clock: Clock) -> None:
        self._settings = settings
        self._asks = asks
        self._clock = clock

    async def send(self, message: Message) -> Receipt:
        """Hand the message over."""
        url = self._settings.url.get_secret_value()
        said = {**self._signature(), "msg_type": "interactive", "card": _card(message)}
        told = json_of(await post_json(self._asks, url, said))
        if (code := told.get("code")) != 0:
            raise refused(code, told.get("msg"), of_number(_REFUSALS, code))
        return Receipt()

    async def aclose(self) -> None:
        """Nothing is kept."""

    def _signature(self) -> dict[str, str]:
        secret = self._settings.secret.get_secret_value()
        if not secret:
            return {}
        at = str(int(self._clock()))
        signature = hmac.new(f"{at}\n{secret}".encode(), b"", hashlib.sha256).digest()
        return {"timestamp": at, "sign": base64.b64encode(signature).decode()}


def _card(message: Message) -> dict[str, Any]:
    called = Mentions.of(message.mention)
    everybody = ["all"] if called.everybody else []
    calls = "".join(f"<at id={who}></at>" for who in (*called.users, *everybody))
    # What a title holds calls nobody.
    text = clipped_json(_CALL.sub("&#60;", message.markdown or message.text), _MAX_BYTES)
    title = {"tag": "plain_text", "content": clipped_chars(message.subject, _TITLE_CHARS)}
    return {
        "config": {"wide_screen_mode": True},
        "header": {"title": title, "template": _COLOURS[message.severity]},
        "elements": [{"tag": "markdown", "content": f"{text}\n{calls}" if calls else text}],
    }
