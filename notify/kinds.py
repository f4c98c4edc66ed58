from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from cache.windows import Windows
from core.clock import Clock
from notify.channel_settings import ChannelSettings
from notify.email.sender import EmailSender
from notify.email.settings import EmailSettings
from notify.happening import Tell
from notify.sender import Sender
from notify.senders import dingtalk, feishu, slack, wecom
from notify.senders.aliyun_sms import AliyunSmsSender, AliyunSmsSettings
from notify.senders.bark import BarkSender, BarkSettings
from notify.senders.dingtalk import DingTalkSender, DingTalkSettings
from notify.senders.feishu import FeishuSender, FeishuSettings
from notify.senders.http import Asks
from notify.senders.serverchan import ServerChanSender, ServerChanSettings
from notify.senders.slack import SlackSender, SlackSettings
from notify.senders.tencent_sms import TencentSmsSender, TencentSmsSettings
from notify.senders.webhook import WebhookSender, WebhookSettings
from notify.senders.wecom import WeComSender, WeComSettings
from store.engine import Database

# An entry of `[[channels]]`, told apart by its type.
Channel = Annotated[
    EmailSettings
    | DingTalkSettings
    | WeComSettings
    | FeishuSettings
    | SlackSettings
    | AliyunSmsSettings
    | TencentSmsSettings
    | ServerChanSettings
    | BarkSettings
    | WebhookSettings,
    Field(discriminator="type"),
]


@dataclass(frozen=True, slots=True)
class Means:
    """What senders work with."""

    asks: Asks
    database: Database
    tell: Tell
    windows: Windows  # counts what was sent, together with the other processes
    clock: Clock


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of channel."""

    settings: type[ChannelSettings]
    make: Callable[[Any, Means], Sender]
    rate: str = ""  # what its provider takes of one channel, as "20/minute"; empty: any number
    takes_to: bool = False  # whether a message may name who gets it
    takes_files: bool = False  # whether it can carry attachments


KINDS: dict[str, Kind] = {
    "email": Kind(
        EmailSettings,
        lambda settings, means: EmailSender(settings, means.database, means.clock),
        takes_to=True,
        takes_files=True,
    ),
    "dingtalk": Kind(
        DingTalkSettings,
        lambda settings, means: DingTalkSender(settings, means.asks, means.clock),
        rate=dingtalk.RATE,
    ),
    "wecom": Kind(
        WeComSettings, lambda settings, means: WeComSender(settings, means.asks), rate=wecom.RATE
    ),
    "feishu": Kind(
        FeishuSettings,
        lambda settings, means: FeishuSender(settings, means.asks, means.clock),
        rate=feishu.RATE,
    ),
    "slack": Kind(
        SlackSettings, lambda settings, means: SlackSender(settings, means.asks), rate=slack.RATE
    ),
    "aliyun_sms": Kind(
        AliyunSmsSettings,
        lambda settings, means: AliyunSmsSender(settings, means.asks, means.clock),
        takes_to=True,
    ),
    "tencent_sms": Kind(
        TencentSmsSettings,
        lambda settings, means: TencentSmsSender(settings, means.asks, means.clock),
        takes_to=True,
    ),
    "serverchan": Kind(
        ServerChanSettings, lambda settings, means: ServerChanSender(settings, means.asks)
    ),
    "bark": Kind(BarkSettings, lambda settings, means: BarkSender(settings, means.asks)),
    "webhook": Kind(
        WebhookSettings, lambda settings, means: WebhookSender(settings, means.asks, means.clock)
    ),
}
