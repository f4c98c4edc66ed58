import re
import time

from core.clock import Clock
from core.errors import GatewayError, Text
from wechat.call import NotSent

HEADER = b"x-wxgate-timeout"
_TIMER_ERROR_S = 0.005  # uvloop's timers count whole milliseconds
_SECONDS = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")


class TimeoutInvalid(GatewayError):
    """X-Wxgate-Timeout is no number of seconds."""

    status = 400
    code = "timeout_invalid"
    category = "params"
    message = Text("请求头 X-Wxgate-Timeout 不是秒数", "X-Wxgate-Timeout is no number of seconds")
    hint = Text("写成 0.001 到 9999 的秒数，如 2.5", "seconds from 0.001 to 9999, such as 2.5")


class DeadlineExceeded(NotSent):
    """A call's time was over before it could be sent."""

    status = 504
    code = "deadline_exceeded"
    settled = True
    message = Text("超过时限，请求没有发给微信", "out of time, and not sent to WeChat")
    hint = Text(
        "可以安全重试；调用方用 X-Wxgate-Timeout 给的时间可能太短",
        "it is safe to try again; the caller's X-Wxgate-Timeout may be too short",
    )


class Deadline:
    """The moment by which a call is to be over, handed down to whatever it waits for."""

    __slots__ = ("_at", "_monotonic", "asked")

    def __init__(
        self, seconds: float, *, asked: bool = False, monotonic: Clock = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._at = monotonic() + seconds
        self.asked = asked  # by the caller: running out then says nothing about WeChat

    @property
    def cut_short(self) -> bool:
        """Whether it is over, and sooner than we would have waited."""
        return self.asked and self.left() < _TIMER_ERROR_S

    def left(self) -> float:
        """Seconds left, 0 when it is over."""
        return max(0.0, self._at - self._monotonic())

    def sooner(self, other: "Deadline | None") -> "Deadline":
        """The one that comes first."""
        return other if other is not None and other.left() < self.left() else self

    def check(self) -> None:
        """Raise DeadlineExceeded when it is over."""
        if self._monotonic() >= self._at:
            raise DeadlineExceeded


def asked_deadline(
    headers: dict[bytes, bytes], *, monotonic: Clock = time.monotonic
) -> Deadline | None:
    """The caller's own, counted from now, if it names one. Raises TimeoutInvalid."""
    raw = headers.get(HEADER)
    if raw is None:
        return None
    text = raw.decode("latin-1")
    if not _SECONDS.fullmatch(text) or not (seconds := float(text)):
        raise TimeoutInvalid
    return Deadline(seconds, asked=True, monotonic=monotonic)
