import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from core.errors import GatewayError, Text
from proxy.request import Inbound
from proxy.spool import CHUNK_BYTES, Spool, SpoolFile

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

MEMORY_BYTES = 1_000_000  # larger bodies go to disk
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

    async def read(self, request: Inbound, receive: Receive) -> StoredBody | None:
        """The body, or None if the request has none.

        Raises BodyTooLarge, BodyInvalid, BodyEncoded, StorageUnavailable, ClientGone.
        """
        if request.headers.get(b"content-encoding", b"identity") != b"identity":
            raise BodyEncoded
        length = self._declared(request)
        if length is None and b"transfer-encoding" not in request.headers:
            return None
        if length == 0:
            return None
        if length is not None and length <= MEMORY_BYTES:
            return MemoryBody(await self._read_small(receive, length))
        return await self._read_large(receive, length)

    def _declared(self, request: Inbound) -> int | None:
        text = request.headers.get(b"content-length")
        if text is None:
            return None
        if not _DIGITS.fullmatch(text.decode("latin-1")):
            raise BodyInvalid
        if (length := int(text)) > self._max_bytes:
            raise BodyTooLarge(max_mb=self._max_mb)
        return length

    async def _read_small(self, receive: Receive, length: int) -> bytes:
        data, more = await _next(receive)
        if more or len(data) != length:
            pieces = [data]
            while more:
                data, more = await _next(receive)
                pieces.append(data)
            data = b"".join(pieces)
        if len(data) != length:
            raise BodyInvalid
        return data

    async def _read_large(self, receive: Receive, length: int | None) -> StoredBody:
        """Of a large or unknown length: on disk as soon as it is more than fits in memory."""
        waiting = bytearray()
        file: SpoolFile | None = None
        size, more = 0, True
        try:
            while more:
                data, more = await _next(receive)
                size += len(data)
                if size > self._max_bytes:
                    raise BodyTooLarge(max_mb=self._max_mb)
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


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)
