"""What text messages of all providers have in common."""

import re
from typing import Annotated

from pydantic import Field, StringConstraints

from notify.channel_settings import ChannelSettings
from notify.message import Message
from notify.sender import NotDelivered
from notify.senders.clipping import clipped_chars

# E.164, or as people write a number of their own country.
_NUMBER = r"^\+?[0-9]{5,20}$"
PhoneNumber = Annotated[str, StringConstraints(pattern=_NUMBER)]
# At once: neither provider's own limit (1000, 200), but what fits into an address of 2 048 bytes.
MOST_NUMBERS = 50
# Source: help.aliyun.com/zh/sms/user-guide/message-template-specifications: 1 to 35 characters a
# variable; Tencent's are shorter still for some templates, which it then says.
_VARIABLE_CHARS = 35
_NOTHING = "-"  # providers take no empty variable


class SmsSettings(ChannelSettings):
    """A template that the provider has approved, with the numbers that it goes to."""

    to: tuple[PhoneNumber, ...] = Field(
        (), max_length=MOST_NUMBERS, description="numbers it goes to, where the caller names none"
    )
    sign_name: str = Field(
        min_length=1, max_length=64, description="签名, as the provider has approved it"
    )
    template: str = Field(
        min_length=1, max_length=64, description="id of the approved template, as SMS_123456789"
    )
    params: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,40}$")], ...] = Field(
        (),
        max_length=20,
        description="its variables in their order: names of the message's variables, or of subject,"
        " text, account, event, severity",
    )


def numbers_of(settings: SmsSettings, message: Message) -> list[str]:
    """Whom it goes to. Raises NotDelivered if that is nobody, no number, or too many at once."""
    numbers = list(dict.fromkeys(message.to or settings.to))
    if not numbers:
        raise NotDelivered("没有手机号 / no number", final=True)
    if len(numbers) > MOST_NUMBERS:
        raise NotDelivered(f"最多 {MOST_NUMBERS} 个手机号 / at most {MOST_NUMBERS}", final=True)
    # Providers take several numbers in one text: what callers name must be one each.
    if not all(re.fullmatch(_NUMBER, number) for number in numbers):
        raise NotDelivered("手机号无效 / not a phone number", final=True)
    return numbers


def values_of(settings: SmsSettings, message: Message) -> dict[str, str]:
    """The variables of the template, in its order, each as long as one may be."""
    known = {
        "subject": message.subject,
        "text": message.text,
        "account": message.account,
        "event": message.event,
        "severity": message.severity,
        **message.variables,
    }
    return {
        name: clipped_chars(" ".join(known.get(name, "").split()), _VARIABLE_CHARS) or _NOTHING
        for name in settings.params
    }
