from collections.abc import AsyncIterator

import httpx

from proxy.body import MemoryBody
from proxy.upstream import Upstream, UpstreamAnswer, UpstreamRequest
from wechat.call import NotSent, OutcomeUnknown

# What the Upstream sets itself, from the URL and the body.
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})


class UpstreamTransport(httpx.AsyncBaseTransport):
    """The Upstream behind httpx' interface, for callers off the hot path.

    Answers are not decompressed by the Upstream; httpx does it from their Content-Encoding.
    """

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`. Raises httpx.ConnectError or httpx.ReadError."""
        data = await request.aread()
        outgoing = UpstreamRequest(
            request.method,
            str(request.url),
            {
                name: value
                for name, value in request.headers.items()
                if name.lower() not in _OWN_HEADERS
            },
            MemoryBody(data) if data else None,
        )
        try:
            answer = await self._upstream.send(outgoing)
        except NotSent as exc:
            raise httpx.ConnectError(str(exc), request=request) from None
        except OutcomeUnknown as exc:
            raise httpx.ReadError(str(exc), request=request) from None
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Stream(answer, request)
        )


class _Stream(httpx.AsyncByteStream):
    def __init__(self, answer: UpstreamAnswer, request: httpx.Request) -> None:
        self._answer = answer
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._answer.chunks():
                yield chunk
        except OutcomeUnknown as exc:
            raise httpx.ReadError(str(exc), request=self._request) from None

    async def aclose(self) -> None:
        self._answer.close()
