import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from tenacity import AsyncRetrying, Future, RetryCallState, wait_random_exponential

from accounts.official import OfficialAccount
from core.errors import GatewayError
from core.metrics import Metrics
from proxy.budget import RetryBudgets
from proxy.deadline import Deadline
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


Kind = Literal["not_sent", "busy", "unknown"]


@dataclass(frozen=True, slots=True)
class Errand:
    """What is done, for whom and until when."""

    account: OfficialAccount
    patience: Patience
    deadline: Deadline
    hosts: int = 1  # to any of which it may go


class Retrier:
    """The one layer that repeats calls: with full jitter, a budget and a deadline."""

    def __init__(
        self, budgets: RetryBudgets, metrics: Metrics, *, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._budgets = budgets
        self._metrics = metrics
        self._sleep = sleep

    async def run(
        self,
        errand: Errand,
        call: Callable[[], Awaitable[T]],
        judge: Callable[[T], Kind | None] = lambda _result: None,
    ) -> T:
        """The last result of `call`, or its last failure.

        `judge` says which results are failures; such a one is returned when nothing helped.
        """
        self._budgets.earn(errand.account.app_id)
        try:
            result = await call()
        except GatewayError as exc:
            if _kind(exc) is None:
                raise
            return await self._repeat(errand, call, judge, _raiser(exc))
        if judge(result) is None:
            return result
        return await self._repeat(errand, call, judge, _returner(result))

    async def _repeat(
        self,
        errand: Errand,
        call: Callable[[], Awaitable[T]],
        judge: Callable[[T], Kind | None],
        first: Callable[[], Awaitable[T]],
    ) -> T:
        used: Counter[str] = Counter()
        # tenacity costs 25 µs: it only comes in when there is something to repeat.
        calls = itertools.chain((first,), itertools.repeat(call))
        jitter = wait_random_exponential(_FIRST_WAIT_S, _LONGEST_WAIT_S)

        async def attempt() -> T:
            return await next(calls)()

        def may_repeat(state: RetryCallState) -> bool:
            kind = _kind_of(state.outcome, judge)
            if kind is None or used[kind] >= getattr(errand.patience, kind):
                return False
            if not errand.deadline.left() or not self._may_spend(errand.account, kind):
                return False
            used[kind] += 1
            return True

        def wait_s(state: RetryCallState) -> float:
            # To another host it may go at once.
            if set(used) == {"not_sent"} and used["not_sent"] < errand.hosts:
                return 0.0
            return min(jitter(state), errand.deadline.left() / 2)

        retrying = AsyncRetrying(retry=may_repeat, wait=wait_s, sleep=self._sleep, reraise=True)
        return await retrying(attempt)

    def _may_spend(self, account: OfficialAccount, kind: Kind) -> bool:
        granted = self._budgets.take(account.app_id)
        self._metrics.retries.labels(account.name, kind if granted else "spent").inc()
        return granted


def _raiser(exc: GatewayError) -> Callable[[], Awaitable[Any]]:
    async def again() -> Any:
        raise exc

    return again


def _returner(result: T) -> Callable[[], Awaitable[T]]:
    async def again() -> T:
        return result

    return again


def _kind_of(outcome: Future | None, judge: Callable[[Any], Kind | None]) -> Kind | None:
    if outcome is None:
        return None
    return _kind(exc) if (exc := outcome.exception()) is not None else judge(outcome.result())


def _kind(exc: BaseException) -> Kind | None:
    if isinstance(exc, NotSent):
        return None if exc.settled else "not_sent"
    if isinstance(exc, OutcomeUnknown | BadAnswer):
        return "unknown"
    if isinstance(exc, WeChatRefused) and exc.wechat_errcode == BUSY:
        return "busy"
    return None
