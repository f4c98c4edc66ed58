from dataclasses import dataclass
from typing import Protocol

from notify.message import Message


@dataclass(frozen=True, slots=True)
class Unreached:
    """Somebody whom a message certainly did not reach while others have it."""

    recipient: str
    reason: str  # for people, free of credentials
    final: bool  # else it may be sent again to them alone (`Message.only`)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is known of a message that was taken over."""

    by: str = ""  # which of several ways took it, such as the account of a mail pool
    reference: str = ""  # how the provider names it
    unreached: tuple[Unreached, ...] = ()  # of several recipients, those without it


class NotDelivered(Exception):
    """The message was certainly not taken over: it may be sent again, by this way or another.

    `reason` is for people and free of credentials. `final`: another attempt would end the same.
    """

    def __init__(
        self, reason: str, *, final: bool = False, retry_after_s: float = 0, by: str = ""
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final
        self.retry_after_s = retry_after_s
        self.by = by


class Resting(NotDelivered):
    """Nothing was tried: the way has to rest for `retry_after_s`, as its provider wants.

    So it counts as no attempt of the message's.
    """


class DeliveryUnknown(Exception):
    """Nobody knows whether the message was taken over: the answer was lost after it was sent."""

    def __init__(self, reason: str, *, by: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.by = by


class Sender(Protocol):
    """One way to people, made of a channel's settings."""

    @property
    def repeatable(self) -> bool:
        """Whether to send a message once more after DeliveryUnknown.

        A second robot message is a nuisance, a lost one a failure; a second mail or paid text
        message nobody asked for.
        """
        ...

    async def send(self, message: Message) -> Receipt:
        """Hand the message over. Raises NotDelivered, DeliveryUnknown, and nothing else."""
        ...

    async def aclose(self) -> None:
        """Let connections go."""
        ...
