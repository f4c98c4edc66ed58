from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.errors import Language

Severity = Literal["info", "warning", "error", "critical"]

SLOWEST_BYTES_S = 100_000  # the slowest line that large mails are given time for
_ENCODED = 1.4  # base64 in lines of 76


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes along with a message; only mail takes them."""

    name: str  # as its reader is to see it, in any script
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one channel is to send, ready for reading.

    Each sender takes of it what its provider can show: mail the HTML beside the text, robots the
    Markdown, text messages the variables of a template that the provider has approved.
    """

    id: str  # of the notification: the same at each attempt
    subject: str
    text: str
    markdown: str = ""  # empty: `text` is shown
    html: str = ""  # for mail
    severity: Severity = "info"
    event: str = ""  # as in notify/events.py; empty: somebody's own words
    account: str = ""  # our name of the official account that it is about
    language: Language = "zh"
    to: tuple[str, ...] = ()  # addresses, phone numbers, chat ids; empty: the channel's own
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    # Of these, whom it is still to reach, where an earlier attempt reached others; empty: all.
    only: tuple[str, ...] = ()
    mention: tuple[str, ...] = ()  # whom a chat is to call by name; "all" for everybody
    variables: Mapping[str, str] = field(default_factory=dict)
    url: str = ""  # where to read more
    created_at: float = 0.0  # Unix time
    attachments: tuple[Attachment, ...] = ()

    @property
    def carry_s(self) -> float:
        """How much longer than others it may take, for what is attached to it."""
        return sum(len(each.data) for each in self.attachments) * _ENCODED / SLOWEST_BYTES_S
