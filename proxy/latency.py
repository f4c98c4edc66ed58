import asyncio
import contextlib
import random
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

import structlog

from core.clock import Clock
from proxy.aiohttp_upstream import ssl_context
from proxy.base_urls import BaseUrls, host_of
from proxy.upstream import UpstreamSettings

log = structlog.get_logger(__name__)

_EVERY_S = 60.0
_PATIENCE_S = 3.0


class LatencyProbe:
    """Measures how long connecting to each of WeChat's hosts takes, TLS included.

    It sends no request, so it costs no quota.
    """

    def __init__(self, settings: UpstreamSettings, *, monotonic: Clock = time.perf_counter) -> None:
        self._ssl = ssl_context(settings)
        self._monotonic = monotonic

    async def measure(self, base_urls: Iterable[str]) -> dict[str, float | None]:
        """Seconds by base URL; None for a host that could not be connected to in 3 s."""
        urls = list(base_urls)
        return dict(zip(urls, await asyncio.gather(*map(self._connect_s, urls)), strict=True))

    async def _connect_s(self, base_url: str) -> float | None:
        parts = urlsplit(base_url)
        tls = self._ssl if parts.scheme == "https" else None
        begun = self._monotonic()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                _, writer = await asyncio.open_connection(
                    parts.hostname, parts.port or (443 if tls else 80), ssl=tls
                )
                seconds = self._monotonic() - begun
        except (OSError, ValueError):  # a TimeoutError and an ssl.SSLError are OSErrors
            return None
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return seconds

    async def keep_ranking(self, base_urls: BaseUrls) -> None:
        """Bring the hosts into the order of their latency, every minute or so, for ever."""
        while True:
            latencies_s = await self.measure(base_urls)
            base_urls.rank(latencies_s)
            log.debug("hosts ranked", order=[host_of(url) for url in base_urls])
            # Replicas that were started together need not measure together.
            await asyncio.sleep(_EVERY_S * random.uniform(0.5, 1.5))  # noqa: S311
