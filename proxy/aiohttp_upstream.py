import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from core.clock import Clock
from core.crash import CrashPoint, no_crash
from proxy.body import Body, MemoryBody
from proxy.upstream import (
    Silent,
    TlsFailed,
    Unreachable,
    UpstreamRequest,
    UpstreamSettings,
    patience_s,
)
from wechat.call import NotSent, OutcomeUnknown

_CONNECTIONS = 512
_CONNECT_S = 3.0  # also the longest wait for a free connection; leaves time for another host
_DNS_TTL_S = 60
# So long may WeChat keep us waiting for the rest of an answer, in return for what has come.
_SLOWEST_DOWNLOAD_BYTES_PER_S = 20_000
_CHUNK_BYTES = 65_536
_SKIPPED_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")

# Everything up to the connection; aiohttp raises these before it writes a byte of the request.
_BEFORE_SENDING = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.ServerFingerprintMismatch,
)
_FAILURES = (aiohttp.ClientError, asyncio.TimeoutError, OSError)


@asynccontextmanager
async def open_upstream(
    settings: UpstreamSettings, *, crash: CrashPoint = no_crash
) -> AsyncIterator["AiohttpUpstream"]:
    """The client for WeChat's API hosts: no proxies from the environment, cookies, redirects."""
    connector = aiohttp.TCPConnector(
        limit=_CONNECTIONS, ssl=ssl_context(settings), ttl_dns_cache=_DNS_TTL_S
    )
    async with (
        connector,
        _session(connector, settings) as once,
        _session(connector, settings) as repeating,
    ):
        # aiohttp has no public switch for this: it repeats every GET whose kept connection
        # breaks, and some of WeChat's GETs write.
        once._retry_connection = False  # noqa: SLF001
        yield AiohttpUpstream(once, repeating, settings, crash)


def _session(connector: aiohttp.TCPConnector, settings: UpstreamSettings) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        connector_owner=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_SKIPPED_HEADERS,
        trust_env=False,
        raise_for_status=False,
        # Without a total: that would count the time for which our own caller keeps us waiting.
        timeout=aiohttp.ClientTimeout(total=None, connect=min(_CONNECT_S, settings.timeout_s)),
    )


def ssl_context(settings: UpstreamSettings) -> ssl.SSLContext:
    """What WeChat's certificates are checked with."""
    context = ssl.create_default_context()
    if settings.ca_file:
        context.load_verify_locations(settings.ca_file)
    return context


class AiohttpUpstream:
    """The Upstream on aiohttp: one pool of connections, and a session for what may be repeated."""

    def __init__(
        self,
        once: aiohttp.ClientSession,
        repeating: aiohttp.ClientSession,
        settings: UpstreamSettings,
        crash: CrashPoint,
    ) -> None:
        self._once = once
        self._repeating = repeating
        self._timeout_s = settings.timeout_s
        self._crash = crash
        self._now = asyncio.get_running_loop().time

    async def send(self, request: UpstreamRequest) -> "AiohttpAnswer":
        """The answer's head. Raises NotSent, OutcomeUnknown."""
        payload = None
        if request.body is not None:
            payload = _Payload(request.body, self._crash, urlsplit(request.url).path)
        session = self._repeating if request.repeatable else self._once
        deadline = self._now() + self._patience_s(request)
        try:
            async with asyncio.timeout_at(deadline):
                response = await session.request(
                    request.method,
                    URL(request.url, encoded=True),
                    headers=request.headers,
                    data=payload,
                    allow_redirects=False,
                )
        except _BEFORE_SENDING as exc:
            raise _unreachable(exc) from None
        except _FAILURES as exc:
            if payload is not None and not payload.started:
                raise NotSent(reason=type(exc).__name__) from None
            silent = isinstance(exc, TimeoutError)
            raise (Silent if silent else OutcomeUnknown)(reason=type(exc).__name__) from None
        return AiohttpAnswer(response, deadline - self._now(), self._timeout_s, self._now)

    def _patience_s(self, request: UpstreamRequest) -> float:
        """How long the answer's head may take."""
        if request.timeout_s is None:
            return patience_s(self._timeout_s, request.body)
        return request.timeout_s


def _unreachable(exc: Exception) -> Unreachable:
    if isinstance(exc, aiohttp.ClientConnectorCertificateError):
        reason = getattr(exc.certificate_error, "verify_message", "")
        return TlsFailed(reason=reason or type(exc.certificate_error).__name__)
    if isinstance(exc, aiohttp.ClientSSLError):
        return TlsFailed(reason=type(exc.os_error).__name__)
    return Unreachable(reason=type(exc).__name__)


class _Payload(aiohttp.Payload):
    """Writes a Body, and knows whether it has begun."""

    def __init__(self, body: Body, crash: CrashPoint, path: str) -> None:
        super().__init__(body)
        self._body = body
        self._size = body.size
        self._crash = crash
        self._path = path
        self.started = False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Only for aiohttp's digest authentication, which is not used."""
        raise NotImplementedError

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write all of the body."""
        self.started = True
        if isinstance(self._body, MemoryBody):
            await writer.write(self._body.data)
        else:
            async for chunk in self._body.chunks():
                await writer.write(chunk)
        if self._crash is not no_crash:
            await _flush(writer)
            self._crash(f"sent:{self._path}")


async def _flush(writer: Any) -> None:
    """Wait until the system has taken the last byte: uvloop writes at the end of its turn."""
    await writer.drain()
    transport = writer.transport
    # A transport has no event for this, and only a process about to be killed comes here.
    while transport is not None and transport.get_write_buffer_size():  # noqa: ASYNC110
        await asyncio.sleep(0)


class AiohttpAnswer:
    """The UpstreamAnswer on aiohttp.

    It may keep us waiting for `left_s` altogether, and longer the more of it has come, up to
    `most_s` for one piece. How long our own caller takes for what it has got does not count.
    """

    __slots__ = ("_left_s", "_most_s", "_now", "_response")

    def __init__(
        self, response: aiohttp.ClientResponse, left_s: float, most_s: float, now: Clock
    ) -> None:
        self._response = response
        self._left_s = left_s
        self._most_s = most_s
        self._now = now

    @property
    def status(self) -> int:
        """HTTP status."""
        return self._response.status

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """As they came."""
        return list(self._response.raw_headers)

    async def read(self, limit: int) -> bytes:
        """Up to `limit` more bytes, fewer only at the end."""
        pieces: list[bytes] = []
        while limit > 0 and (piece := await self._next(limit)):
            pieces.append(piece)
            limit -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def chunks(self) -> AsyncIterator[bytes]:
        """What is still unread, in pieces."""
        while chunk := await self._next(_CHUNK_BYTES):
            yield chunk

    async def _next(self, limit: int) -> bytes:
        content = self._response.content
        try:
            if content.is_eof():  # all of it is here: nothing to wait for
                return await content.read(limit)
            started = self._now()
            async with asyncio.timeout(self._left_s):
                piece = await content.read(limit)
        except _FAILURES as exc:
            raise OutcomeUnknown(reason=type(exc).__name__) from None
        earned_s = len(piece) / _SLOWEST_DOWNLOAD_BYTES_PER_S
        self._left_s = min(self._most_s, self._left_s - (self._now() - started) + earned_s)
        return piece

    def at_end(self) -> bool:
        """Whether all has been read."""
        return self._response.content.at_eof()

    def close(self) -> None:
        """Free the connection."""
        if self.at_end():
            self._response.release()
        else:
            self._response.close()
