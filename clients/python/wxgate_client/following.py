"""How a job is followed by server-sent events, whoever holds the connection."""

import json
from typing import Any

from wxgate_client import calls
from wxgate_client.calls import Call

TERMINAL_STATES = frozenset({"succeeded", "partly_failed", "failed", "cancelled", "needs_review"})
_MAY_TAKE_HOURS = frozenset({"waiting", "scheduled"})


class Following:
    """A job and what was heard of it last.

    A job that waits or is scheduled may take hours: it ends the watch too, unless
    `through_waiting`.
    """

    def __init__(self, job: dict[str, Any], *, through_waiting: bool = False) -> None:
        self.job = job
        self._last = TERMINAL_STATES if through_waiting else TERMINAL_STATES | _MAY_TAKE_HOURS
        self._heard = 0
        self._id = ""
        self._data: list[str] = []

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.job["state"] in self._last

    def call(self) -> Call:
        """The call that goes on where the last connection ended."""
        self._id, self._data = "", []
        return calls.events(self.job["id"], after=self._heard)

    def take(self, job: dict[str, Any]) -> dict[str, Any]:
        """The job as it was asked for; returns it."""
        self.job = job
        return job

    def hear(self, line: str) -> dict[str, Any] | None:
        """Take a line of the stream; the job, if it has changed.

        Source of the format: html.spec.whatwg.org/multipage/server-sent-events.html, 9.2.6.
        """
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "id":
            self._id = value
        elif field == "data":
            self._data.append(value)
        elif not line and self._data:
            self.job = json.loads("\n".join(self._data))
            self._heard = int(self._id) if self._id.isdecimal() else self._heard
            self._id, self._data = "", []
            return self.job
        return None
