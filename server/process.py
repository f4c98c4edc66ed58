import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from typing import Any, TypeVar

import structlog
import uvicorn

from server.app import Gateway, open_gateway, open_worker
from server.crash import armed_crash
from server.settings import Settings

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Longer than one call to WeChat may take, so that requests in flight end by themselves.
_GRACE_S = 20
_BACKLOG = 4_096


def run(work: Coroutine[Any, Any, T]) -> T:
    """asyncio.run on uvloop where there is one."""
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


class _Server(uvicorn.Server):
    """A uvicorn server that tells at once when it was asked to stop."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came."""
        self._on_stop()
        super().handle_exit(sig, frame)


class _BackgroundServer(uvicorn.Server):
    """A uvicorn server that leaves the process's signals alone and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def listen_on(listen: str) -> socket.socket:
    """A listening socket for "HOST:PORT" or "[::1]:PORT". Raises OSError."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family, backlog=_BACKLOG)


def _config(gateway: Gateway, settings: Settings) -> uvicorn.Config:
    trusted = [str(network) for network in settings.server.trusted_proxies]
    return uvicorn.Config(
        gateway.app,
        http="httptools",  # h11 takes what httptools refuses: CL+TE, bare LF, obs-fold
        ws="none",
        lifespan="off",  # the services are opened around the server
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=_BACKLOG,
        proxy_headers=bool(trusted),
        forwarded_allow_ips=trusted,
        timeout_graceful_shutdown=_GRACE_S,
    )


async def run_gateway(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; requests in flight and jobs come to an orderly stop.

    Raises OSError if the address cannot be listened on.
    """
    with listen_on(settings.server.listen) as listener:
        async with open_gateway(settings, crash=armed_crash(settings)) as gateway:
            server = _Server(_config(gateway, settings), gateway.engine.drain)
            log.info("gateway started", listen=settings.server.listen)
            await server.serve(sockets=[listener])
    log.info("gateway stopped")


@asynccontextmanager
async def gateway_in_background(
    settings: Settings, listener: socket.socket
) -> AsyncIterator[Gateway]:
    """The same beside other work in this event loop; signals are the caller's business."""
    async with open_gateway(settings) as gateway:
        server = _BackgroundServer(_config(gateway, settings))
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[listener]))
            await server.listening.wait()
            try:
                yield gateway
            finally:
                gateway.engine.drain()
                server.should_exit = True


async def run_worker(settings: Settings) -> None:
    """Work on jobs until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with open_worker(settings) as worker:

        def ask_to_stop() -> None:
            worker.drain()
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ask_to_stop)
        log.info("worker started")
        await stop.wait()
    log.info("worker stopped")
