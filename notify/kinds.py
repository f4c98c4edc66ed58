from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from cache.windows import Windows
from core.clock import Clock
from notify import dingtalk
from notify.channel_settings import ChannelSettings
from notify.dingtalk import DingTalkSender, DingTalkSettings
from notify.happening import Tell
from notify.http import Asks
from notify.sender import Sender
from notify.webhook import WebhookSender, WebhookSettings
from store.engine import Database

# An entry of `[[channels]]`, told apart by its type.
Channel = Annotated[DingTalkSettings | WebhookSettings, Field(discriminator="type")]


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
    "dingtalk": Kind(
        DingTalkSettings,
        lambda settings, means: DingTalkSender(settings, means.asks, means.clock),
        rate=dingtalk.RATE,
    ),
    "webhook": Kind(
        WebhookSettings, lambda settings, means: WebhookSender(settings, means.asks, means.clock)
    ),
}
