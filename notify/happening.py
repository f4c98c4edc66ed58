import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.ids import new_id
from core.secret import redact_value
from notify.events import EventName
from store.happenings import HappeningRow

_KEY_CHARS = 200  # as wide as its column


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that people may want to know of.

    Those of one event and `key` are about one thing: they make one alert, which `over` ends.
    """

    event: EventName
    account: str | None = None  # our name of the official account
    key: str = ""  # what it is about: a job's id, a host, a client's id
    data: Mapping[str, Any] = field(default_factory=dict)  # for the message; JSON, no credentials
    over: bool = False  # what it tells of has ended
    once: str = ""  # such as a day: of one event, key and this, only the first is told


class Tell(Protocol):
    """Takes what happened outside a transaction; never waits and never fails."""

    def __call__(self, happening: Happening, /) -> None:
        """It will be written down soon; a happening of the same event and key may be merged."""
        ...


def tell_nobody(happening: Happening, /) -> None:
    """For processes and tests where nobody listens."""


def row_of(happening: Happening, now: float) -> HappeningRow:
    """As it is written down, within the transaction that makes it so or by a bulletin.

    What looks like a credential in its data is masked: the last line, not the first.
    """
    key = happening.key[:_KEY_CHARS].replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return HappeningRow(
        id=_only(happening) if happening.once else new_id("hpn"),
        event=happening.event,
        account=happening.account,
        key=key.encode("utf-8", "replace").decode(),
        data=redact_value(happening.data),
        over=happening.over,
        created_at=now,
    )


def _only(happening: Happening) -> str:
    """The same for all processes that tell of it, so that one row comes of them."""
    said = (happening.event, happening.key, str(happening.over), happening.once)
    return f"hpn_{hashlib.sha256(chr(0).join(said).encode()).hexdigest()[:32]}"
