import asyncio
import functools
import gc
import os
import resource
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from typing import Any, TypeVar

import structlog
import uvicorn

from core.crash import CrashPoint, no_crash
from core.errors import GatewayError, Text
from server.app import Gateway, open_gateway, open_worker
from server.connections import Guard, files_for, open_door, raise_file_limit
from server.crash import armed_crash
from server.forward.opening import Behind, forwarding
from server.protocol import GuardedProtocol
from server.reload import ConfigFile, following_file
from server.settings import Settings
from server.signals import stop_signals

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Longer than one call to WeChat may take, so that requests in flight end by themselves.
_GRACE_S = 20
_BACKLOG = 4_096
# Objects made before a round of the garbage collector; Python's 700 is meant for scripts.
_GC_THRESHOLD = (20_000, 20, 50)
_TICK_S = 0.1  # of uvicorn's main loop
_CHECK_TICKS = 5  # between two looks at the connections


def run(work: Coroutine[Any, Any, T]) -> T:
    """asyncio.run on uvloop where there is one; a crash leaves no core file, full of secrets."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        import uvloop
    except ImportError:  # no wheel for this platform
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


class CannotListen(GatewayError):
    """The address cannot be listened on."""

    code = "cannot_listen"
    category = "system"
    message = Text("无法监听 {listen}：{reason}", "cannot listen on {listen}: {reason}")
    hint = Text(
        "停掉占用该端口的程序（ss -ltnp 可查），或换地址：wxgate serve --listen 127.0.0.1:8090",
        "stop what uses that port (ss -ltnp tells), or take another: "
        "wxgate serve --listen 127.0.0.1:8090",
    )


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to us, and says when it listens.

    With handlers of its own it raises the signal again as soon as it has stopped serving: the
    process would be gone before jobs and stores are closed in order.
    """

    def __init__(self, config: uvicorn.Config, lag: Callable[[float], None]) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._lag = lag
        self._ticked_at = 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.listening.set()

    async def on_tick(self, counter: int) -> bool:
        """Cut connections that are overdue, and see how late the event loop is."""
        now = asyncio.get_running_loop().time()
        if self._ticked_at:
            self._lag(max(0.0, now - self._ticked_at - _TICK_S))
        self._ticked_at = now
        if counter % _CHECK_TICKS == 0:
            for connection in list(self.server_state.connections):
                if isinstance(connection, GuardedProtocol):
                    connection.check(now)
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def listen_on(listen: str) -> socket.socket:
    """A listening socket for "HOST:PORT" or "[::1]:PORT". Raises CannotListen."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family, backlog=_BACKLOG)
    except OSError as exc:
        raise CannotListen(listen=listen, reason=os.strerror(exc.errno or 0)) from None


def _guard(gateway: Gateway, settings: Settings) -> Guard:
    server = settings.server
    door = open_door(
        server, proxies=server.trusted_proxies, open_files=raise_file_limit(files_for(server))
    )
    return Guard(server, door, lambda why: gateway.metrics.connections_cut.labels(why).inc())


def _config(gateway: Gateway, settings: Settings, guard: Guard) -> uvicorn.Config:
    server = settings.server
    trusted = [str(network) for network in server.trusted_proxies]
    return uvicorn.Config(
        gateway.app,
        # Not h11: it takes what httptools refuses, such as CL+TE, bare LF, obs-fold.
        http=functools.partial(GuardedProtocol, guard=guard),  # type: ignore[arg-type]
        ws="none",
        lifespan="off",  # the services are opened around the server
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=_BACKLOG,
        proxy_headers=bool(trusted),
        forwarded_allow_ips=trusted,
        timeout_keep_alive=server.keep_alive_s,
        timeout_graceful_shutdown=_GRACE_S,
    )


async def run_gateway(settings: Settings, source: ConfigFile) -> None:
    """Serve until SIGINT or SIGTERM; requests in flight and jobs come to an orderly stop.

    What changes in `source`, where the settings come from, is taken up meanwhile. Raises
    GatewayErrors whose texts tell the operator what to mend.
    """
    crash = armed_crash(settings)
    with stop_signals() as stop, ExitStack() as sockets:
        listener = sockets.enter_context(listen_on(settings.server.listen))
        forward = settings.forward.listen
        door = sockets.enter_context(listen_on(forward)) if forward else None
        async with gateway_in_background(settings, listener, door, crash=crash) as gateway:
            _calm_garbage_collector()
            log.info("gateway started", listen=settings.server.listen, forward=forward or None)
            async with following_file(gateway.reloader, source):
                await stop.wait()
            gateway.engine.drain()
            log.info("gateway is stopping", drain_s=settings.server.drain_s)
            await asyncio.sleep(settings.server.drain_s)
    log.info("gateway stopped")


def _calm_garbage_collector() -> None:
    """What was made until now stays: no round needs to look through it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLD)


@asynccontextmanager
async def gateway_in_background(
    settings: Settings,
    listener: socket.socket,
    forward: socket.socket | None = None,
    *,
    crash: CrashPoint = no_crash,
) -> AsyncIterator[Gateway]:
    """A gateway that answers on `listener` until the block ends, and tools on `forward`."""
    async with open_gateway(settings, crash=crash) as gateway:
        guard = _guard(gateway, settings)
        server = _Server(_config(gateway, settings, guard), gateway.metrics.loop_lag.observe)
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[listener]))
            await server.listening.wait()
            try:
                async with AsyncExitStack() as stack:
                    if forward is not None:
                        behind = Behind(
                            app=gateway.forwarded,
                            authenticator=gateway.authenticator,
                            state=server.server_state,
                            guard=guard,
                            metrics=gateway.metrics,
                        )
                        await stack.enter_async_context(forwarding(settings, forward, behind))
                    yield gateway
            finally:
                gateway.engine.drain()
                server.should_exit = True


async def run_worker(settings: Settings, source: ConfigFile) -> None:
    """Work on jobs until SIGINT or SIGTERM. Raises what `run_gateway` does.

    Clients and accounts that change in `source`, where the settings come from, are followed.
    """
    with stop_signals() as stop:
        async with open_worker(settings) as reloader, following_file(reloader, source):
            log.info("worker started")
            await stop.wait()
    log.info("worker stopped")
