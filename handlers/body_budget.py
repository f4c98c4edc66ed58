from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import GatewayError, Text


class ServerBusy(GatewayError):
    """The bodies of other requests fill the memory that there is for them."""

    status = 503
    code = "server_busy"
    category = "system"
    level = "warning"
    retryable = True
    message = Text("正在处理的请求体太多", "too many request bodies are being worked on")
    hint = Text(
        "稍后重试；可由管理员调大 jobs.max_bodies_mb",
        "try again in a moment; an operator may raise jobs.max_bodies_mb",
    )


class BodyBudget:
    """How many bytes of request bodies the process holds in memory at once."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.used_bytes = 0

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """A share for one request, given back at the end of the block."""
        taken = Share(self)
        try:
            yield taken
        finally:
            self.used_bytes -= taken.size

    def take(self, n: int, *, beside: int) -> None:
        """`n` bytes more for a share that has `beside`. Raises ServerBusy."""
        others = self.used_bytes - beside
        # A body that is alone is let in whatever its size: its route has a limit of its own.
        if others and self.used_bytes + n > self._max_bytes:
            raise ServerBusy(retry_after_s=1)
        self.used_bytes += n


class Share:
    """What one request has of the budget."""

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self.size = 0

    def reach(self, size: int) -> None:
        """Have at least `size` bytes. Raises ServerBusy."""
        more = size - self.size
        if more > 0:
            self._budget.take(more, beside=self.size)
            self.size = size
