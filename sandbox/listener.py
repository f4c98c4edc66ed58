import asyncio
import ssl
from collections.abc import Callable
from email.utils import formatdate
from functools import partial

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from core.tasks import TaskSet


class Listener:
    """Listens with uvicorn's HTTP protocol in the running loop, and stops and starts at will.

    In place of uvicorn.Server, which installs signal handlers, ticks ten times a second and
    cannot close its socket for a while and open it again.
    """

    def __init__(
        self, protocol: type[HttpToolsProtocol], tasks: TaskSet, now: Callable[[], float]
    ) -> None:
        self._protocol = protocol
        self._tasks = tasks
        self._now = now
        self._clockwork = TaskSet()
        self._state = ServerState()
        self._server: asyncio.Server | None = None
        self._config: Config | None = None
        self._tls: ssl.SSLContext | None = None
        self._address = ("", 0)

    @property
    def port(self) -> int:
        """The port that was asked for, or the free one that was found."""
        return self._address[1]

    async def open(self, config: Config, *, tls: ssl.SSLContext | None) -> None:
        """Listen on the configuration's host and port; port 0 finds a free one."""
        config.load()
        self._config, self._tls = config, tls
        self._address = (config.host, config.port)
        await self._listen()
        self._clockwork.start(self._tell_time(), name="Date header")

    async def _tell_time(self) -> None:
        """Keep the Date header of every answer at the sandbox's time."""
        while True:
            date = formatdate(self._now(), usegmt=True).encode("ascii")
            self._state.default_headers = [(b"date", date)]
            await asyncio.sleep(1)

    def close_for(self, seconds: float) -> None:
        """Close the socket, so that connections are refused, and open it again later."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._tasks.start(self._reopen(seconds), name="reopen listener")

    def drop_connections(self) -> None:
        """End every connection, after the answer it is waiting for."""
        for connection in list(self._state.connections):
            connection.shutdown()

    async def aclose(self) -> None:
        """Stop listening, cut every connection, wait for what was being answered."""
        await self._clockwork.aclose()
        if self._server is not None:
            self._server.close()
            self._server = None
        tasks = list(self._state.tasks)
        for connection in list(self._state.connections):
            # By name: uvloop's transports are no asyncio.Transport.
            if (abort := getattr(connection.transport, "abort", None)) is not None:
                abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A transport that was aborted closes its socket in the loop's next round.
        await asyncio.sleep(0)

    async def _listen(self) -> None:
        config = self._config
        if config is None:
            raise AssertionError("opened before it listens")
        loop = asyncio.get_running_loop()
        protocol = partial(self._protocol, config, self._state, {})
        host, port = self._address
        self._server = await loop.create_server(protocol, host, port, ssl=self._tls)
        self._address = (host, self._server.sockets[0].getsockname()[1])

    async def _reopen(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._listen()
