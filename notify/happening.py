from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from notify.events import EventName


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


class Tell(Protocol):
    """Takes what happened outside a transaction; never waits and never fails."""

    def __call__(self, happening: Happening) -> None:
        """It will be written down soon; a happening of the same event and key may be merged."""
        ...


def tell_nobody(happening: Happening) -> None:
    """For processes and tests where nobody listens."""
