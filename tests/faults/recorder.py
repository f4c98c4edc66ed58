"""A WeChat that keeps the bytes it is sent, and answers what it is told."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

_LENGTH = re.compile(rb"content-length: ([0-9]+)\r\n")
_TOKEN = b'{"access_token":"92_real","expires_in":7200}'


def whole(body: bytes, *lines: str) -> bytes:
    """An answer with these further headers."""
    head = "".join(f"{line}\r\n" for line in ("HTTP/1.1 200 OK", *lines))
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


class Recorder:
    """The requests but those for a token, as (head, body)."""

    def __init__(self) -> None:
        self.requests: list[tuple[bytes, bytes]] = []
        self.answer = whole(b"{}", "Content-Type: application/json")
        self.url = ""
        self.hang_up = False  # after an answer

    @property
    def heads(self) -> str:
        """All heads in lower case."""
        return "\n".join(head.decode("latin-1").lower() for head, _ in self.requests)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = _LENGTH.search(head.lower())
                body = await reader.readexactly(int(length[1])) if length else b""
                if b"/cgi-bin/stable_token" in head:
                    writer.write(whole(_TOKEN, "Content-Type: application/json"))
                else:
                    self.requests.append((head, body))
                    writer.write(self.answer)
                    if self.hang_up:
                        break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def recording() -> AsyncIterator[Recorder]:
    """A Recorder on loopback."""
    recorder = Recorder()
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await recorder._serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    recorder.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield recorder
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


def upstream_of(recorder: Recorder) -> dict[str, Any]:
    """The change of the configuration that puts it behind the gateway."""
    return {"upstream": {"base_urls": [recorder.url], "mp_base_url": recorder.url}}
