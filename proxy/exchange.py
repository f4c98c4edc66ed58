import math
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from prometheus_client import Counter, Histogram

from accounts.official import OfficialAccount
from core.clock import Clock
from core.errors import GatewayError
from core.metrics import Metrics
from proxy.alarms import SILENT, Alarms
from proxy.answer import is_object, sniff_errcode
from proxy.base_urls import BaseUrls
from proxy.deadline import Deadline
from proxy.quota import QuotaLedger
from proxy.rulebook import NamedRule
from proxy.upstream import Upstream, UpstreamAnswer, UpstreamRequest
from wechat.call import NotSent, OutcomeUnknown
from wechat.catalogue import Endpoint
from wechat.errcodes import BUSY, IP_NOT_WHITELISTED

# An answer with an errcode is far shorter; what is longer is data and passes through in pieces.
PEEK_BYTES = 65_536
# A file from an endpoint that the catalogue has down for JSON is no garbage.
_NO_TEXT = (b"image/", b"audio/", b"video/", b"application/octet-stream")
_OTHER_PATHS = "other"  # the metric's label of paths outside the catalogue, which are unbounded


@dataclass(slots=True)
class Exchange:
    """An answer whose beginning has been read; its holder must `close` it."""

    answer: UpstreamAnswer
    head: bytes
    complete: bool  # whether `head` is all of it
    errcode: int  # 0 for a success, and for anything that is not WeChat's JSON
    sound: bool = True  # whether it looks like an answer of WeChat's API at all

    async def chunks(self) -> AsyncIterator[bytes]:
        """What comes after `head`. Raises OutcomeUnknown if it breaks off."""
        if not self.complete:
            async for chunk in self.answer.chunks():
                yield chunk

    async def read(self, limit: int) -> bytes | None:
        """The whole body, or None if it is longer than `limit`. Raises OutcomeUnknown."""
        if self.complete:
            return self.head
        body = self.head + await self.answer.read(limit - len(self.head))
        return body if self.answer.at_end() else None

    def close(self) -> None:
        """Free the connection."""
        self.answer.close()


@dataclass(slots=True)
class Trip:
    """One call on its way, through all its attempts."""

    account: OfficialAccount
    endpoint: Endpoint | None  # None: not in the catalogue
    path: str
    deadline: Deadline
    base_urls: BaseUrls
    builtin: NamedRule | None = None  # what bounds the client that calls
    attempt_s: float = math.inf  # for one attempt
    tried: list[str] = field(default_factory=list)  # hosts that failed for this call
    replayed: bool = False  # sent again with another token
    exchange: Exchange | None = None  # the last; only the holder of the trip closes it

    def close(self) -> None:
        """Free the connection of the last answer."""
        if self.exchange is not None:
            self.exchange.close()
            self.exchange = None


# Makes the request for a base URL.
Build = Callable[[str], UpstreamRequest]


class Exchanger:
    """Sends one request once, and writes down what came of it: metrics, quota ledger, breaker."""

    def __init__(
        self,
        upstream: Upstream,
        quota: QuotaLedger,
        metrics: Metrics,
        *,
        alarms: Alarms = SILENT,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._upstream = upstream
        self._alarms = alarms
        self.quota = quota
        self._metrics = metrics
        self._monotonic = monotonic
        self._calls: dict[tuple[str, str], Counter] = {}
        self._seconds: dict[str, Histogram] = {}

    async def send(self, trip: Trip, build: Build) -> Exchange:
        """The answer, which replaces the trip's last one.

        Raises NotSent (also DeadlineExceeded, BreakerOpen), OutcomeUnknown.
        """
        trip.deadline.check()
        visit = trip.base_urls.visit(trip.account, trip.tried)
        failure: GatewayError | None = None
        failed: bool | None = None  # until it is known, as when the caller leaves
        try:
            request = build(visit.base_url)
            trip.close()
            exchange = trip.exchange = await self._measured(trip, request)
            failed = not exchange.sound
        except (NotSent, OutcomeUnknown) as exc:
            failure, failed = exc, None if trip.deadline.cut_short else True
            raise
        finally:
            visit.ended(failure, failed=failed)
            if failed:
                trip.tried.append(visit.base_url)
        return exchange

    async def _measured(self, trip: Trip, request: UpstreamRequest) -> Exchange:
        label = trip.path if trip.endpoint is not None else _OTHER_PATHS
        request.timeout_s = min(trip.deadline.left(), trip.attempt_s)
        started = self._monotonic()
        try:
            exchange = await self._send(trip, request)
        except NotSent:
            self._count(label, "not_sent")
            raise
        except OutcomeUnknown:
            self._count(label, "unknown")
            self.quota.count(trip.account, trip.path, BUSY, trip.builtin)
            raise
        status = exchange.answer.status
        self._count(label, str(exchange.errcode) if status == 200 else f"http_{status}")
        self._observe(label, self._monotonic() - started)
        self.quota.count(trip.account, trip.path, exchange.errcode, trip.builtin)
        if exchange.errcode == IP_NOT_WHITELISTED:
            self._alarms.ip_refused(trip.account, trip.path, exchange.head)
        return exchange

    async def _send(self, trip: Trip, request: UpstreamRequest) -> Exchange:
        answer = await self._upstream.send(request)
        try:
            head = await answer.read(PEEK_BYTES)
            complete = answer.at_end()
            sound = _sound(trip, answer, head, complete=complete)
        except BaseException:
            answer.close()
            raise
        return Exchange(answer, head, complete, sniff_errcode(head) if complete else 0, sound)

    def _count(self, path: str, errcode: str) -> None:
        counter = self._calls.get((path, errcode))
        if counter is None:
            counter = self._metrics.upstream_calls.labels(path, errcode)
            self._calls[path, errcode] = counter
        counter.inc()

    def _observe(self, path: str, seconds: float) -> None:
        histogram = self._seconds.get(path)
        if histogram is None:
            histogram = self._seconds[path] = self._metrics.upstream_seconds.labels(path)
        histogram.observe(seconds)


def _sound(trip: Trip, answer: UpstreamAnswer, head: bytes, *, complete: bool) -> bool:
    """Whether this can be WeChat's: its status, and an object where the endpoint answers JSON.

    A 4xx is the front server's word on the request, not a fault of WeChat's. Raises
    OutcomeUnknown for an object whose end is missing: a connection that was simply closed.
    """
    if not 200 <= answer.status < 300:
        return 400 <= answer.status < 500
    if trip.endpoint is None or trip.endpoint.response != "json":
        return True
    if is_object(head, complete=complete):
        return True
    if complete and is_object(head, complete=False):
        raise OutcomeUnknown(reason="the answer is cut short")
    return _content_type(answer).startswith(_NO_TEXT)


def _content_type(answer: UpstreamAnswer) -> bytes:
    found = (value for name, value in answer.headers if name.lower() == b"content-type")
    return next(found, b"")
