from collections import deque

from core.clock import Clock

_FAILURES = 5
_FAILURE_WINDOW_S = 10.0
_OPEN_S = 2.0


class Breaker:
    """Five failures within 10 s open it; then one may try every 2 s, and the others do not wait."""

    def __init__(self, monotonic: Clock) -> None:
        self._monotonic = monotonic
        self._failures: deque[float] = deque(maxlen=_FAILURES)
        self._open_until = 0.0
        self.up = True

    def admits(self) -> bool:
        """Whether this caller may try; it must then say how that went."""
        now = self._monotonic()
        if self.up:
            return True
        if now < self._open_until:
            return False
        self._open_until = now + _OPEN_S  # one tries, the others still do not wait
        return True

    def failed(self) -> None:
        """A try was in vain."""
        now = self._monotonic()
        self._failures.append(now)
        burst = len(self._failures) == _FAILURES and now - self._failures[0] <= _FAILURE_WINDOW_S
        if self.up and burst:
            self._open_until = now + _OPEN_S
            self._failures.clear()
            self.up = False

    def worked(self) -> None:
        """A try succeeded."""
        if not self.up:
            self._failures.clear()
            self.up = True
