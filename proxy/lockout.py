import ipaddress
import time
from collections import OrderedDict, deque
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from core.clock import Clock
from core.errors import Category, GatewayError, Text

_WINDOW_S = 60.0
_REMEMBERED = 20_000  # addresses, and clients claimed from them; those that failed last
_V6_NETWORK = 64  # what one subscriber has; an address in it costs nothing


class AuthSettings(BaseModel):
    """`[auth]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_skew_s: int = Field(
        300, ge=10, le=900, description="signed requests may be so old, or so far ahead"
    )
    failures_per_minute: int = Field(
        10, ge=1, le=1_000, description="wrong credentials for one client from one address"
    )
    address_failures_per_minute: int = Field(
        50, ge=1, le=10_000, description="wrong credentials from one address, whoever it claims"
    )


class TooManyFailures(GatewayError):
    """Wrong credentials, again and again."""

    status = 429
    code = "auth_too_many_failures"
    category: ClassVar[Category] = "auth"
    retryable = True
    errcode = 45011
    message = Text(
        "来自这个地址的错误凭证太多", "too many wrong credentials came from this address"
    )
    hint = Text(
        "稍后再试，并核对密钥；其他地址与其他客户端不受影响",
        "wait, and check the key; other addresses and other clients are not affected",
    )


class Lockout:
    """Counts wrong credentials of the last minute by address, and by client claimed from it.

    Over the limit of the pair, nothing is looked at that claims to be that client from there, so
    that guessing tells nothing; its owner goes on from elsewhere, and so do its neighbours behind
    one address. Over the limit of the address, one failure is enough for a client, and each
    further one is answered with 429. Nothing is looked up while nobody fails.
    """

    def __init__(self, settings: AuthSettings, *, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self.replace_limits(settings)

    def replace_limits(self, settings: AuthSettings) -> None:
        """Judge by these from now on; what was counted before is forgotten."""
        self._by_client = settings.failures_per_minute
        self._by_address = settings.address_failures_per_minute
        # The pair that failed last stands last; "" stands for the address as a whole.
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def check(self, peer: str | None, claimed: str) -> None:
        """Raises TooManyFailures if `claimed`, a client's id, may not be tried from `peer`.

        What claims to be nobody may always be tried: it can turn out right, such as a session's.
        """
        if not self._failures or not claimed:
            return
        self._forget_old()
        address = _address(peer)
        ours = self._recent((address, claimed))
        if len(ours) >= self._by_client:
            raise TooManyFailures(retry_after_s=self._wait_s(ours))
        if ours and len(every := self._recent((address, ""))) >= self._by_address:
            raise TooManyFailures(retry_after_s=self._wait_s(every))

    def failed(self, peer: str | None, claimed: str) -> None:
        """Count a wrong credential. Raises TooManyFailures if the address is over its limit."""
        address = _address(peer)
        if claimed:
            self._count((address, claimed), self._by_client)
        every = self._recent((address, ""))
        over = len(every) >= self._by_address
        wait_s = self._wait_s(every) if over else 0.0
        self._count((address, ""), self._by_address)
        if over:
            raise TooManyFailures(retry_after_s=wait_s)

    def _count(self, who: tuple[str, str], limit: int) -> None:
        times = self._failures.setdefault(who, deque(maxlen=limit))
        times.append(self._clock())
        self._failures.move_to_end(who)
        if len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def _recent(self, who: tuple[str, str]) -> deque[float]:
        times = self._failures.get(who, deque())
        since = self._clock() - _WINDOW_S
        while times and times[0] <= since:
            times.popleft()
        return times

    def _wait_s(self, times: deque[float]) -> float:
        return max(1.0, times[0] + _WINDOW_S - self._clock())

    def _forget_old(self) -> None:
        since = self._clock() - _WINDOW_S
        while self._failures:
            who, times = next(iter(self._failures.items()))
            if times and times[-1] > since:
                return
            del self._failures[who]


def _address(peer: str | None) -> str:
    """What failures are counted by: an IPv4 address, an IPv6 network, or what else it calls."""
    try:
        ip = ipaddress.ip_address((peer or "").partition("%")[0])
    except ValueError:
        return peer or ""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return str(ipaddress.ip_network((ip, _V6_NETWORK), strict=False))
        ip = ip.ipv4_mapped
    return str(ip)
