import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

EVERYBODY = "all"

_PHONE = re.compile(r"\+?[0-9]{5,20}")
# What ids of chats are made of: none can end the markup that they are put into.
_USER = re.compile(r"[A-Za-z0-9_.@-]{1,64}")


@dataclass(frozen=True, slots=True)
class Mentions:
    """Whom a message calls by name; what is neither a number nor an id is left out."""

    phones: list[str]
    users: list[str]
    everybody: bool

    @classmethod
    def of(cls, mention: Iterable[str]) -> Self:
        """Taken apart."""
        called = [who for who in mention if who != EVERYBODY]
        phones = [who for who in called if _PHONE.fullmatch(who)]
        users = [who for who in called if who not in phones and _USER.fullmatch(who)]
        return cls(phones, users, EVERYBODY in mention)
