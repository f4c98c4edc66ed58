"""A proxy on loopback that spoils the connections through it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from core.tasks import TaskSet


@dataclass
class Toxic:
    """What goes wrong, changed at any time; counts what was asked."""

    upstream_port: int  # where new connections lead
    port: int = 0
    latency_s: float = 0.0  # each answer comes so much later
    blackhole: bool = False  # nothing goes either way, and nobody is told
    deaf: bool = False  # commands arrive, their answers are lost with the connection
    limit_bytes: int | None = None  # of an answer, then the connection ends
    slow_close_s: float = 0.0
    sent: int = 0  # pieces that the client has sent
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def reset(self) -> None:
        """Cut every connection at once."""
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()

    def vanish(self) -> None:
        """Those connections go on to exist for the client, but nothing comes any more."""
        for writer in self.writers:
            writer.vanished = True  # type: ignore[attr-defined]

    def heal(self) -> None:
        """All is well again, on new connections."""
        self.latency_s, self.blackhole, self.deaf, self.limit_bytes = 0.0, False, False, None
        self.reset()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        # The client's side of the connection carries the mark.
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                if not answers:
                    self.sent += 1
                while self.blackhole:
                    await asyncio.sleep(0.01)
                if answers and getattr(writer, "vanished", False):
                    continue
                if answers and self.latency_s:
                    await asyncio.sleep(self.latency_s)
                if answers and self.deaf:
                    break
                if answers and self.limit_bytes is not None:
                    writer.write(data[: self.limit_bytes])
                    await writer.drain()
                    break
                writer.write(data)
                await writer.drain()
        if self.slow_close_s:
            await asyncio.sleep(self.slow_close_s)
        writer.close()


@asynccontextmanager
async def toxic(upstream_port: int) -> AsyncIterator[Toxic]:
    """A Toxic in front of that port; one that nobody listens on refuses."""
    proxy, tasks = Toxic(upstream_port), TaskSet()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", proxy.upstream_port)
        except ConnectionError:
            writer.transport.abort()
            return
        proxy.writers += [writer, up_writer]
        tasks.start(proxy._pump(reader, up_writer, answers=False), name="to the server")
        tasks.start(proxy._pump(up_reader, writer, answers=True), name="to the client")

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        proxy.blackhole = False
        await tasks.aclose()
        proxy.reset()
        server.close()
        await server.wait_closed()
