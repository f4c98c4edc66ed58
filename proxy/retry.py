import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, stop_after_delay, wait_random_exponential

from wechat.call import BadAnswer, NotSent, OutcomeUnknown, WeChatRefused
from wechat.catalogue import Endpoint
from wechat.errcodes import BUSY
from wechat.material import ADD_MATERIAL, UPLOADIMG

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 2.0
# Made twice, they cost quota and nothing else: the file is the same.
_HARMLESS_TWICE = frozenset({UPLOADIMG, ADD_MATERIAL, "/cgi-bin/media/upload"})


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call may be repeated after each class of failure."""

    not_sent: int  # WeChat has not seen it
    busy: int  # errcode -1
    unknown: int  # sent, without a complete answer


def patience_for(endpoint: Endpoint | None) -> Patience:
    """By what is known of the endpoint, never by the verb."""
    if endpoint is None:
        return Patience(not_sent=2, busy=0, unknown=0)
    if not endpoint.write:
        return Patience(not_sent=2, busy=2, unknown=2)
    if endpoint.idempotent or endpoint.path in _HARMLESS_TWICE:
        return Patience(not_sent=2, busy=1, unknown=1)
    return Patience(not_sent=2, busy=0, unknown=0)


class Retrier:
    """The one layer that repeats calls, with full jitter."""

    def __init__(self, sleep: Sleep = asyncio.sleep) -> None:
        self._sleep = sleep

    async def run(
        self, patience: Patience, call: Callable[[], Awaitable[T]], *, deadline_s: float
    ) -> T:
        """The result of `call`; no repeat begins after `deadline_s`. Raises its last failure."""
        used = {"not_sent": 0, "busy": 0, "unknown": 0}

        async def attempt() -> T:
            return await call()

        def may_repeat(state: RetryCallState) -> bool:
            exc = state.outcome.exception() if state.outcome else None
            kind = _kind(exc)
            if kind is None or used[kind] >= getattr(patience, kind):
                return False
            used[kind] += 1
            return True

        retrying = AsyncRetrying(
            retry=may_repeat,
            stop=stop_after_delay(deadline_s),
            wait=wait_random_exponential(_FIRST_WAIT_S, _LONGEST_WAIT_S),
            sleep=self._sleep,
            reraise=True,
        )
        return await retrying(attempt)


def _kind(exc: BaseException | None) -> str | None:
    if type(exc) is NotSent:  # not a TokenUnavailable: that has been repeated already
        return "not_sent"
    if isinstance(exc, OutcomeUnknown | BadAnswer):
        return "unknown"
    if isinstance(exc, WeChatRefused) and exc.wechat_errcode == BUSY:
        return "busy"
    return None
