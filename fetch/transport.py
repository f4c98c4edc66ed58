import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager

import httpcore
import httpx


class GuardedTransport(httpx.AsyncBaseTransport):
    """A connection for each request, opened by `backend`, closed with the answer.

    No connection is kept: what an untrusted host sends after its answer would otherwise be read
    as the answer to the next request. And no pool: httpcore's jams for good after a burst of
    cancellations (encode/httpcore#1093).
    """

    def __init__(self, backend: httpcore.AsyncNetworkBackend, ssl_context: ssl.SSLContext) -> None:
        self._backend = backend
        self._ssl_context = ssl_context

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`; raises httpx' exceptions, and those of the backend as they are."""
        backend = _Remembering(self._backend)
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        connection = httpcore.AsyncHTTPConnection(
            url.origin, ssl_context=self._ssl_context, network_backend=backend
        )
        assert isinstance(request.stream, httpx.AsyncByteStream)  # noqa: S101 - httpx says so
        try:
            with _httpx_exceptions():
                response = await connection.handle_async_request(
                    httpcore.Request(
                        request.method,
                        url,
                        headers=request.headers.raw,
                        content=request.stream,
                        extensions=request.extensions,
                    )
                )
        except BaseException:
            await backend.aclose()
            raise
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response, backend)
        )


class _Remembering(httpcore.AsyncNetworkBackend):
    """Keeps the stream it opened, so that it can be closed after a failed TLS handshake too."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend
        self._stream: httpcore.AsyncNetworkStream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of httpcore
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self._stream = await self._backend.connect_tcp(
            host, port, timeout, local_address, socket_options
        )
        return self._stream

    async def aclose(self) -> None:
        if self._stream is not None:
            await self._stream.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response, backend: _Remembering) -> None:
        self._response = response
        self._backend = backend

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_exceptions():
            async for chunk in self._response.aiter_stream():
                yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()
        await self._backend.aclose()


@contextmanager
def _httpx_exceptions() -> Iterator[None]:
    try:
        yield
    except httpcore.TimeoutException as exc:
        raise httpx.TimeoutException(str(exc)) from exc
    except httpcore.ConnectError as exc:
        raise httpx.ConnectError(str(exc)) from exc
    except httpcore.NetworkError as exc:
        raise httpx.NetworkError(str(exc)) from exc
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as exc:
        raise httpx.RemoteProtocolError(str(exc)) from exc
