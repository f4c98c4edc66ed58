import math
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog

from accounts.official import OfficialAccount
from core.clock import Clock
from core.errors import GatewayError, Text
from core.metrics import Metrics
from proxy.alarms import SILENT, Alarms
from proxy.breaker import Breaker, BreakerRules, State
from proxy.upstream import Silent, Unreachable
from wechat.call import NotSent

log = structlog.get_logger(__name__)

_LEFT_S = 30.0  # a host that gave no connection, or no answer, is the last choice for so long
_SHOWN: dict[State, float] = {"closed": 0, "half_open": 0.5, "open": 1}


class BreakerOpen(NotSent):
    """WeChat has failed so often for this account that it is left alone for a while."""

    status = 503
    code = "upstream_breaker_open"
    settled = True
    message = Text(
        "微信接口连续出错，暂停调用公众号 {account} 的接口",
        "WeChat keeps failing; calls of account {account} are held back for a while",
    )
    hint = Text(
        "稍后自动恢复；若一直如此，看 wxgate doctor 与微信的公告",
        "it mends itself; if it does not, look at wxgate doctor and at WeChat's announcements",
    )


class Visit:
    """A call to one host; its holder must say how it `ended`."""

    __slots__ = ("_breaker", "_ticket", "_urls", "base_url")

    def __init__(self, urls: "BaseUrls", base_url: str, breaker: Breaker, ticket: int) -> None:
        self._urls = urls
        self._breaker = breaker
        self._ticket = ticket
        self.base_url = base_url

    def ended(self, failure: GatewayError | None = None, *, failed: bool | None) -> None:
        """`failed`: by the host's fault, None if that cannot be told; `failure`: how."""
        self._breaker.leave(self._ticket, failed=failed)
        if failed is not None:
            self._urls.note(self.base_url, well=not isinstance(failure, Unreachable | Silent))


class BaseUrls:
    """Which of several equal hosts of WeChat's a call goes to.

    The first that is well, in their order: not one that this call has tried already, not one that
    gave no connection or kept silent in the last 30 s, not one whose breaker for the account is
    open.
    """

    def __init__(
        self,
        base_urls: tuple[str, ...],
        metrics: Metrics,
        rules: BreakerRules | None = None,
        *,
        alarms: Alarms = SILENT,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._urls = base_urls  # the preferred one first
        self._metrics = metrics
        self._rules = rules or BreakerRules()
        self._alarms = alarms
        self._monotonic = monotonic
        self._left_until: dict[str, float] = {}
        self._latencies_s: dict[str, float | None] = {}
        self._breakers: dict[tuple[str, str], Breaker] = {}  # by account and base URL

    def __len__(self) -> int:
        return len(self._urls)

    def __iter__(self) -> Iterator[str]:
        return iter(self._urls)

    def visit(self, account: OfficialAccount, tried: Collection[str] = ()) -> Visit:
        """The host to call now. Raises BreakerOpen."""
        url = self._urls[0]
        if url in tried or url in self._left_until or not self._breaker(account, url).admits:
            url = self._next_best(account, tried)
        breaker = self._breaker(account, url)
        if (ticket := breaker.enter()) is None:
            wait_s = min(self._breaker(account, each).wait_s for each in self._urls)
            raise BreakerOpen(account=account.name, retry_after_s=max(1.0, wait_s))
        return Visit(self, url, breaker, ticket)

    def _next_best(self, account: OfficialAccount, tried: Collection[str]) -> str:
        now = self._monotonic()
        return min(
            self._urls,
            key=lambda url: (
                not self._breaker(account, url).admits,
                url in tried,
                self._left_until.get(url, 0) > now,
            ),
        )

    def _breaker(self, account: OfficialAccount, url: str) -> Breaker:
        breaker = self._breakers.get((account.name, url))
        return breaker or self._new_breaker(account.name, url)

    def _new_breaker(self, account: str, url: str) -> Breaker:
        host = host_of(url)
        gauge = self._metrics.breakers.labels(account, host)

        def changed(state: State) -> None:
            gauge.set(_SHOWN[state])
            log.warning("upstream breaker", account=account, host=host, state=state)
            self._alarms.breaker(account, host, state)

        breaker = Breaker(self._rules, changed, monotonic=self._monotonic)
        self._breakers[account, url] = breaker
        return breaker

    def note(self, url: str, *, well: bool) -> None:
        """Whether the host could be connected to, and answered, just now."""
        if not well:
            self._left_until[url] = self._monotonic() + _LEFT_S
        elif url in self._left_until:
            del self._left_until[url]

    def rank(self, latencies_s: Mapping[str, float | None]) -> None:
        """Prefer the hosts that are connected to soonest; None: could not be.

        One that kept silent is left all the same: that it takes connections says nothing of that.
        """
        self._latencies_s = dict(latencies_s)
        for url, latency_s in latencies_s.items():
            if latency_s is None:
                self.note(url, well=False)
        self._urls = tuple(sorted(self._urls, key=lambda url: latencies_s.get(url) or math.inf))

    def describe(self) -> list[dict[str, Any]]:
        """The hosts in order of preference."""
        now = self._monotonic()
        return [
            {
                "host": host_of(url),
                "left_for_s": round(max(0.0, self._left_until.get(url, 0) - now)),
                "connect_ms": _ms(self._latencies_s.get(url)),
            }
            for url in self._urls
        ]

    def breakers(self, account: str) -> dict[str, dict[str, Any]]:
        """By host: its breaker for the account, once there has been a call."""
        return {
            host_of(url): {"state": breaker.state, "opened": breaker.opened}
            for url in self._urls
            if (breaker := self._breakers.get((account, url))) is not None
        }


def host_of(url: str) -> str:
    """What people call a base URL."""
    return urlsplit(url).netloc


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1_000, 1)
