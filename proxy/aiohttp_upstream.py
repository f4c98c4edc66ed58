import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from core.crash import CrashPoint, no_crash
from proxy.body import Body, MemoryBody
from proxy.upstream import UpstreamRequest, UpstreamSettings
from wechat.call import NotSent, OutcomeUnknown

_CONNECTIONS = 512
_CONNECT_S = 5.0  # also the longest wait for a free connection
_DNS_TTL_S = 60
# A slow line may take this long for a large body, on top of the deadline for an answer.
_SLOWEST_UPLOAD_BYTES_PER_S = 200_000
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
        limit=_CONNECTIONS, ssl=_ssl_context(settings), ttl_dns_cache=_DNS_TTL_S
    )
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_SKIPPED_HEADERS,
        trust_env=False,
        raise_for_status=False,
    )
    async with session:
        yield AiohttpUpstream(session, settings, crash)


def _ssl_context(settings: UpstreamSettings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.ca_file:
        context.load_verify_locations(settings.ca_file)
    return context


class AiohttpUpstream:
    """The Upstream on aiohttp.

    aiohttp repeats a GET by itself when a kept connection turns out closed, which a server does
    to idle ones; a POST it never repeats.
    """

    def __init__(
        self, session: aiohttp.ClientSession, settings: UpstreamSettings, crash: CrashPoint
    ) -> None:
        self._session = session
        self._timeout_s = settings.timeout_s
        self._default_timeout = self._timeout(settings.timeout_s)
        self._crash = crash

    @staticmethod
    def _timeout(total_s: float) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=total_s, connect=min(_CONNECT_S, total_s))

    async def send(self, request: UpstreamRequest) -> "AiohttpAnswer":
        """The answer's head. Raises NotSent, OutcomeUnknown."""
        payload = None
        if request.body is not None:
            payload = _Payload(request.body, self._crash, urlsplit(request.url).path)
        try:
            response = await self._session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=request.headers,
                data=payload,
                allow_redirects=False,
                timeout=self._deadline(request),
            )
        except _BEFORE_SENDING as exc:
            raise NotSent(reason=type(exc).__name__) from None
        except _FAILURES as exc:
            if payload is not None and not payload.started:
                raise NotSent(reason=type(exc).__name__) from None
            raise OutcomeUnknown(reason=type(exc).__name__) from None
        return AiohttpAnswer(response)

    def _deadline(self, request: UpstreamRequest) -> aiohttp.ClientTimeout:
        total_s = self._timeout_s if request.timeout_s is None else request.timeout_s
        if request.body is not None:
            total_s += request.body.size // _SLOWEST_UPLOAD_BYTES_PER_S
        return self._default_timeout if total_s == self._timeout_s else self._timeout(total_s)


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
    """The UpstreamAnswer on aiohttp."""

    __slots__ = ("_response",)

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

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
        try:
            while limit > 0 and (piece := await self._response.content.read(limit)):
                pieces.append(piece)
                limit -= len(piece)
        except _FAILURES as exc:
            raise OutcomeUnknown(reason=type(exc).__name__) from None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def chunks(self) -> AsyncIterator[bytes]:
        """What is still unread, in pieces."""
        try:
            async for chunk in self._response.content.iter_chunked(_CHUNK_BYTES):
                yield chunk
        except _FAILURES as exc:
            raise OutcomeUnknown(reason=type(exc).__name__) from None

    def at_end(self) -> bool:
        """Whether all has been read."""
        return self._response.content.at_eof()

    def close(self) -> None:
        """Free the connection."""
        if self.at_end():
            self._response.release()
        else:
            self._response.close()
