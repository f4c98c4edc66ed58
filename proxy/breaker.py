import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from core.clock import Clock

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When a Breaker opens, and how it closes again."""

    window_s: float = 30.0  # of which calls count
    min_calls: int = 10
    failure_share: float = 0.5
    open_s: float = 10.0
    probes: int = 2  # calls let through when that is over; as many successes close it


class Breaker:
    """Keeps callers away from what fails, and looks now and then whether it still does.

    A caller that `enter`s must `leave` with the ticket it got, whatever happens.
    """

    def __init__(
        self,
        rules: BreakerRules,
        changed: Callable[[State], None] = lambda _state: None,
        *,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self.state: State = "closed"
        self.opened = 0  # times
        self._rules = rules
        self._changed = changed
        self._monotonic = monotonic
        self._ticket = 0  # of this state; what began in an earlier one proves nothing about it
        self._open_until = 0.0
        self._probing = 0  # under way or done, while half-open
        self._proven = 0
        # Calls and failures, of this half of the window and the one before.
        self._now, self._before = [0, 0], [0, 0]
        self._half_ends = monotonic() + rules.window_s / 2

    def enter(self) -> int | None:
        """A ticket, or None: keep away."""
        if self.state == "closed":
            return self._ticket
        if self.state == "open":
            if self._monotonic() < self._open_until:
                return None
            self._become("half_open")
        if self._probing >= self._rules.probes:
            return None
        self._probing += 1
        return self._ticket

    @property
    def wait_s(self) -> float:
        """How long it stays open for sure."""
        return max(0.0, self._open_until - self._monotonic()) if self.state == "open" else 0.0

    @property
    def admits(self) -> bool:
        """Whether `enter` would give a ticket."""
        if self.state == "half_open":
            return self._probing < self._rules.probes
        return self.wait_s == 0

    def leave(self, ticket: int, *, failed: bool | None) -> None:
        """Tell how it went; None if that says nothing, as when the caller gave up."""
        if ticket != self._ticket:
            return
        if self.state == "half_open":
            self._probed(failed=failed)
        elif failed is not None:
            self._count(failed=failed)

    def _probed(self, *, failed: bool | None) -> None:
        if failed is None:
            self._probing -= 1
        elif failed:
            self._open()
        else:
            self._proven += 1
            if self._proven >= self._rules.probes:
                self._become("closed")

    def _count(self, *, failed: bool) -> None:
        now = self._monotonic()
        if now >= self._half_ends:
            half_s = self._rules.window_s / 2
            self._before = self._now if now < self._half_ends + half_s else [0, 0]
            self._now = [0, 0]
            self._half_ends = now + half_s
        self._now[0] += 1
        if not failed:
            return
        self._now[1] += 1
        calls, failures = self._now[0] + self._before[0], self._now[1] + self._before[1]
        if calls >= self._rules.min_calls and failures >= self._rules.failure_share * calls:
            self._open()

    def _open(self) -> None:
        self._open_until = self._monotonic() + self._rules.open_s
        self.opened += 1
        self._become("open")

    def _become(self, state: State) -> None:
        self.state = state
        self._ticket += 1
        self._probing = self._proven = 0
        self._now, self._before = [0, 0], [0, 0]
        self._changed(state)
