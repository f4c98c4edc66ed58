import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Protocol

from core.errors import GatewayError, Text
from proxy.request import Inbound
from proxy.spool import CHUNK_BYTES, Spool, SpoolFile, StorageUnavailable

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
# Is shown each piece of a body as it comes in, such as the `update` of a hash.
Watch = Callable[[bytes], object]

MEMORY_BYTES = 1_000_000  # larger bodies go to disk
SMALL_BYTES = 65_536  # all that is read before it is known who is calling
_DIGITS = re.compile(r"[0-9]{1,15}")


class BodyTooLarge(GatewayError):
    """The request body is over relay.max_body_mb."""

    status = 413
    code = "body_too_large"
    category = "params"
    errcode = 45001
    message = Text("请求体超过 {max_mb} MB", "the request body is over {max_mb} MB")
    hint = Text(
        "压缩后再上传；上限由 relay.max_body_mb 决定",
        "make it smaller; the limit is relay.max_body_mb",
    )


class CallTooLarge(BodyTooLarge):
    """The body of a call whose body says who is calling; nobody is known to be yet."""

    code = "call_too_large"
    message = Text("这个接口的请求体超过 64 KB", "this call's body is over 64 KB")
    hint = Text("只发送接口文档列出的参数", "send what WeChat documents for this call alone")


class BodyInvalid(GatewayError):
    """The body is not framed as HTTP wants it."""

    status = 400
    code = "body_invalid"
    category = "params"
    errcode = 47001
    message = Text("请求体不完整或长度不符", "the body is incomplete or of another length")
    hint = Text("检查 Content-Length", "check Content-Length")


class BodyEncoded(GatewayError):
    """The body is compressed; WeChat takes none such."""

    status = 415
    code = "body_encoded"
    category = "params"
    errcode = 47001
    message = Text("不支持压缩的请求体", "compressed request bodies are not taken")
    hint = Text("去掉 Content-Encoding，发送原始内容", "send it without Content-Encoding")


class ClientGone(Exception):
    """The caller hung up before its body was complete: nobody waits for an answer."""


class Body(Protocol):
    """A request body of known length that can be sent more than once."""

    @property
    def size(self) -> int:
        """Its bytes."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """All of it, in pieces."""
        ...

    def close(self) -> None:
        """Free what it holds; it cannot be read any more."""
        ...


class MemoryBody:
    """A Body of up to 1 MB."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self.data)

    async def chunks(self) -> AsyncIterator[bytes]:
        """All at once."""
        yield self.data

    async def slice(self, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end`."""
        yield self.data[start:end]

    def close(self) -> None:
        """Nothing to free."""


class SpooledBody:
    """A Body on disk."""

    def __init__(self, file: SpoolFile) -> None:
        self._file = file

    @property
    def size(self) -> int:
        """Its bytes."""
        return self._file.size

    def chunks(self) -> AsyncIterator[bytes]:
        """Piece by piece from the disk."""
        return self._file.read(0, self.size)

    def slice(self, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end`, in pieces."""
        return self._file.read(start, min(end, self.size))

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


StoredBody = MemoryBody | SpooledBody


class BodyReader:
    """Takes request bodies in: small ones into memory, larger ones to disk.

    Either way the length is known before a byte goes upstream: WeChat answers 412 to chunked
    uploads.
    """

    def __init__(self, spool: Spool, *, max_body_mb: int) -> None:
        self._spool = spool
        self._max_mb = max_body_mb
        self._max_bytes = max_body_mb * 1_000_000

    async def read(
        self, request: Inbound, receive: Receive, watch: Watch | None = None
    ) -> StoredBody | None:
        """The body, or None if the request has none.

        Raises BodyTooLarge, BodyInvalid, BodyEncoded, StorageUnavailable, ClientGone.
        """
        length = _declared(request)
        if length == 0:
            return None
        if length is None or length > MEMORY_BYTES:
            return await self._read_large(receive, length, watch)
        data = _complete(await _read_whole(receive, length), length)
        if watch is not None:
            watch(data)
        return MemoryBody(data)

    async def read_small(self, request: Inbound, receive: Receive) -> MemoryBody | None:
        """The same for a body that says who is calling: of 64 KB at most, never on disk.

        Raises CallTooLarge, BodyInvalid, BodyEncoded, ClientGone.
        """
        length = _declared(request)
        if length == 0:
            return None
        if (length or 0) > SMALL_BYTES:
            raise CallTooLarge
        data = _complete(await _read_whole(receive, length or SMALL_BYTES), length)
        if len(data) > SMALL_BYTES:
            raise CallTooLarge
        return MemoryBody(data)

    async def keep(self, data: bytes) -> StoredBody:
        """A body that was made here, on disk where it is large and there is room."""
        if len(data) <= MEMORY_BYTES:
            return MemoryBody(data)
        with suppress(StorageUnavailable):
            return SpooledBody(await self._spool.hold(data))
        return MemoryBody(data)

    async def _read_large(
        self, receive: Receive, length: int | None, watch: Watch | None
    ) -> StoredBody:
        """Of a large or unknown length: on disk as soon as it is more than fits in memory."""
        if length is not None and length > self._max_bytes:
            raise BodyTooLarge(max_mb=self._max_mb)
        waiting = bytearray()
        file: SpoolFile | None = None
        size, more = 0, True
        try:
            while more:
                data, more = await _next(receive)
                size += len(data)
                if size > self._max_bytes:
                    raise BodyTooLarge(max_mb=self._max_mb)
                if watch is not None:
                    watch(data)
                waiting += data
                if file is None and (length is not None or size > MEMORY_BYTES):
                    file = await self._spool.open()
                if file is not None and (len(waiting) >= CHUNK_BYTES or not more):
                    await file.append(waiting)
                    waiting = bytearray()
            if length is not None and size != length:
                raise BodyInvalid
        except (GatewayError, ClientGone, asyncio.CancelledError):
            if file is not None:
                file.close()
            raise
        return MemoryBody(bytes(waiting)) if file is None else SpooledBody(file)


def _declared(request: Inbound) -> int | None:
    """The body's length; None if it is not said. Raises BodyEncoded, BodyInvalid."""
    if request.headers.get(b"content-encoding", b"identity") != b"identity":
        raise BodyEncoded
    text = request.headers.get(b"content-length")
    if text is None:
        return None if b"transfer-encoding" in request.headers else 0
    if not _DIGITS.fullmatch(text.decode("latin-1")):
        raise BodyInvalid
    return int(text)


def _complete(data: bytes, length: int | None) -> bytes:
    if length is not None and len(data) != length:
        raise BodyInvalid
    return data


async def _read_whole(receive: Receive, at_most: int) -> bytes:
    """The body in memory, given up as soon as it is longer than `at_most`."""
    data, more = await _next(receive)
    if not more:
        return data
    pieces, size = [data], len(data)
    while more and size <= at_most:
        data, more = await _next(receive)
        pieces.append(data)
        size += len(data)
    return b"".join(pieces)


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)
