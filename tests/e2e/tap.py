"""A listener in front of the sandbox that writes down what the gateway sends there."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

_REQUEST_LINE = re.compile(rb"(?:^|\r\n\r\n|[^\r\n])(GET|POST) (/[^ \r\n]*) HTTP/1\.1\r\n")
_TOKEN = re.compile(rb'"access_token":\s*"([^"]+)"')


@dataclass
class Tap:
    """Where it listens, and every byte that went up and came down."""

    url: str = ""
    up: list[bytearray] = field(default_factory=list)  # by connection
    down: bytearray = field(default_factory=bytearray)

    def sent(self) -> bytes:
        """All that went upstream."""
        return b"\n".join(bytes(connection) for connection in self.up)

    def requests(self) -> list[tuple[str, str, str]]:
        """Method, path and query of each request that went upstream."""
        found = []
        for connection in self.up:
            for method, target in _REQUEST_LINE.findall(bytes(connection)):
                path, _, query = target.decode("latin-1").partition("?")
                found.append((method.decode(), path, query))
        return found

    def real_tokens(self) -> set[str]:
        """Every access_token that WeChat gave."""
        return {token.decode() for token in _TOKEN.findall(bytes(self.down))}


def tokens_in(query: str) -> list[str]:
    """All values of access_token, whatever its spelling."""
    return parse_qs(query, keep_blank_values=True).get("access_token", [])


@asynccontextmanager
async def tapped(port: int) -> AsyncIterator[Tap]:
    """A Tap in front of `port` of this machine."""
    tap = Tap()

    async def pump(
        source: asyncio.StreamReader, drain: asyncio.StreamWriter, kept: bytearray
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                kept += data
                drain.write(data)
                await drain.drain()
        with contextlib.suppress(OSError):
            drain.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        kept = bytearray()
        tap.up.append(kept)
        await asyncio.gather(pump(reader, back, kept), pump(there, writer, tap.down))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        tap.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield tap
