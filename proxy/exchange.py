import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from prometheus_client import Counter, Histogram

from accounts.official import OfficialAccount
from core.clock import Clock
from core.metrics import Metrics
from proxy.answer import sniff_errcode
from proxy.quota import QuotaLedger
from proxy.upstream import Upstream, UpstreamAnswer, UpstreamRequest
from wechat.call import NotSent, OutcomeUnknown
from wechat.errcodes import BUSY

# An answer with an errcode is far shorter; what is longer is data and passes through in pieces.
PEEK_BYTES = 65_536
_OTHER_PATHS = "other"  # the metric's label of paths outside the catalogue, which are unbounded


@dataclass(slots=True)
class Exchange:
    """An answer whose beginning has been read; its holder must `close` it."""

    answer: UpstreamAnswer
    head: bytes
    complete: bool  # whether `head` is all of it
    errcode: int  # 0 for a success, and for anything that is not WeChat's JSON

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


class Exchanger:
    """Sends one request once, and writes down what came of it: metrics and quota ledger."""

    def __init__(
        self,
        upstream: Upstream,
        quota: QuotaLedger,
        metrics: Metrics,
        *,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._upstream = upstream
        self.quota = quota
        self._metrics = metrics
        self._monotonic = monotonic
        self._calls: dict[tuple[str, str], Counter] = {}
        self._seconds: dict[str, Histogram] = {}

    async def send(
        self, account: OfficialAccount, path: str, request: UpstreamRequest, *, known: bool
    ) -> Exchange:
        """The answer. Raises NotSent, OutcomeUnknown. `known`: `path` is in the catalogue."""
        label = path if known else _OTHER_PATHS
        started = self._monotonic()
        try:
            exchange = await self._send(request)
        except NotSent:
            self._count(label, "not_sent")
            raise
        except OutcomeUnknown:
            self._count(label, "unknown")
            self.quota.count(account, path, BUSY)
            raise
        status = exchange.answer.status
        self._count(label, str(exchange.errcode) if status == 200 else f"http_{status}")
        self._observe(label, self._monotonic() - started)
        self.quota.count(account, path, exchange.errcode)
        return exchange

    async def _send(self, request: UpstreamRequest) -> Exchange:
        answer = await self._upstream.send(request)
        try:
            head = await answer.read(PEEK_BYTES)
        except BaseException:
            answer.close()
            raise
        complete = answer.at_end()
        return Exchange(answer, head, complete, sniff_errcode(head) if complete else 0)

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
