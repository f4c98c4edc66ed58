"""HTTP as bytes: what no well-behaved client library would send, and what comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from tests.e2e.conftest import KEY
from tests.faults.doors import HERE, INSPECT, THERE, connected, go_inside

COUNT, ADD = "/cgi-bin/draft/count", "/cgi-bin/draft/add"
_WAIT_S = 20
ACCOUNT = f"Authorization: Bearer {KEY}\r\nX-Wxgate-Account: main\r\n"


@dataclass(frozen=True)
class Answer:
    """One answer of the gateway."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        """Of an error; empty for what is none."""
        try:
            return str(self.json["error"]["code"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return ""


class Wire:
    """A connection to the gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def fitting(self, data: bytes | str) -> bytes:
        """`data` as it is said at this door."""
        return data.encode("latin-1") if isinstance(data, str) else data

    async def send(self, data: bytes | str) -> None:
        self.writer.write(self.fitting(data))
        await self.writer.drain()

    def take_nothing(self) -> None:
        """Read no more from the connection."""
        transport = self.writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()

    async def answer(self, method: str = "GET") -> Answer | None:
        """The next answer, or None if the connection ends before it."""
        async with asyncio.timeout(_WAIT_S):
            try:
                head = await self.reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            lines = head.decode("latin-1").split("\r\n")
            pairs = (line.split(": ", 1) for line in lines[1:-2])
            headers = {name.lower(): value for name, value in pairs}
            status = int(lines[0].split(" ")[1])
            if method == "HEAD" or status == 100:
                return Answer(status, headers, b"")
            if headers.get("transfer-encoding") == "chunked":
                return Answer(status, headers, await self._chunks())
            length = int(headers.get("content-length", "0"))
            return Answer(status, headers, await self.reader.readexactly(length))

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self.reader.readline(), 16):
            body += await self.reader.readexactly(size)
            await self.reader.readline()
        await self.reader.readline()
        return body

    async def is_over(self) -> bool:
        """Wait for the gateway to hang up."""
        async with asyncio.timeout(_WAIT_S):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True


class Inside(Wire):
    """A connection through the forward proxy, by a tool that believes to talk to WeChat."""

    def fitting(self, data: bytes | str) -> bytes:
        return super().fitting(data).replace(HERE, THERE)


@asynccontextmanager
async def wire(stand: Any, key: str = KEY) -> AsyncIterator[Wire]:
    """A connection to `stand` through its door, or to a URL; `key` is for the proxy."""
    if getattr(stand, "door", "") == INSPECT:
        async with inside(stand, key) as one:
            yield one
        return
    url = urlsplit(stand if isinstance(stand, str) else stand.url)
    async with connected(url.port or 80) as streams:
        yield Wire(*streams)


@asynccontextmanager
async def knocking(stand: Any) -> AsyncIterator[Wire]:
    """A connection to the forward proxy that has said nothing yet."""
    async with connected(stand.forward_port) as streams:
        yield Wire(*streams)


@asynccontextmanager
async def inside(stand: Any, key: str = KEY) -> AsyncIterator[Inside]:
    """A connection through the forward proxy."""
    async with connected(stand.forward_port) as streams:
        await go_inside(stand, *streams, key)
        yield Inside(*streams)


async def ask(stand: Any, data: bytes | str, key: str = KEY) -> Answer | None:
    """The first answer to `data`."""
    async with wire(stand, key) as one:
        await one.send(data)
        return await one.answer()


def get(path: str = COUNT, *lines: str, verb: str = "GET", version: str = "HTTP/1.1") -> str:
    """A request that is right, but for what `lines` add."""
    added = "".join(f"{line}\r\n" for line in lines)
    return f"{verb} {path} {version}\r\nHost: 127.0.0.1\r\n{ACCOUNT}{added}\r\n"


def post(body: str | bytes = "{}", *lines: str, path: str = ADD) -> bytes:
    """The same with a JSON body; `lines` come after the length."""
    data = body.encode() if isinstance(body, str) else body
    lengths = (
        ()
        if any(line.lower().startswith(("content-length", "transfer")) for line in lines)
        else (f"Content-Length: {len(data)}",)
    )
    return (
        get(path, "Content-Type: application/json", *lengths, *lines, verb="POST").encode("latin-1")
        + data
    )


def upstream(stand: Any) -> list[Any]:
    """The requests that reached WeChat, but for those for a token."""
    return [seen for seen in stand.sandbox.calls.seen if seen.path != "/cgi-bin/stable_token"]


async def still_serves(stand: Any) -> None:
    """A caller with manners is answered as ever."""
    answer = await ask(stand, get())
    assert answer is not None
    assert answer.status == 200, answer
    assert answer.json["total_count"] >= 0
