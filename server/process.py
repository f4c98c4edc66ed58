import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, replace
from functools import partial

import structlog
import uvicorn

from server.app import Gateway, open_gateway, open_worker
from server.connections import Guard, files_for, open_door, raise_file_limit
from server.crash import armed_crash
from server.doors import BACKLOG, Doors, open_doors
from server.forward.opening import Behind, forwarding
from server.leash import Leash, Word
from server.protocol import GuardedProtocol
from server.reload import ConfigFile, following_file
from server.replicas import ALONE, Place
from server.roles import Role
from server.settings import Settings
from server.signals import stop_signals

log = structlog.get_logger(__name__)

# Longer than one call to WeChat may take, so that requests in flight end by themselves.
_GRACE_S = 20
# Objects made before a round of the garbage collector; Python's 700 is meant for scripts.
_GC_THRESHOLD = (20_000, 20, 50)
_TICK_S = 0.1  # of uvicorn's main loop
_CHECK_TICKS = 5  # between two looks at the connections


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


def _guard(gateway: Gateway, settings: Settings) -> Guard:
    server = settings.server
    door = open_door(
        server, proxies=server.trusted_proxies, open_files=raise_file_limit(files_for(server))
    )
    return Guard(
        *(server, door, lambda why: gateway.metrics.connections_cut.labels(why).inc()),
        leaving=lambda: gateway.engine.draining,
    )


def _config(gateway: Gateway, settings: Settings, guard: Guard) -> uvicorn.Config:
    server = settings.server
    trusted = [str(network) for network in server.trusted_proxies]
    return uvicorn.Config(
        gateway.app,
        # Not h11: it takes what httptools refuses, such as CL+TE, bare LF, obs-fold.
        http=partial(GuardedProtocol, guard=guard),  # type: ignore[arg-type]
        ws="none",
        lifespan="off",  # the services are opened around the server
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=BACKLOG,
        proxy_headers=bool(trusted),
        forwarded_allow_ips=trusted,
        timeout_keep_alive=server.keep_alive_s,
        timeout_graceful_shutdown=_GRACE_S,
    )


@dataclass(frozen=True, slots=True)
class Held:
    """What a process has from the supervisor that started it."""

    doors: Doors
    leash: socket.socket


async def run_gateway(
    settings: Settings, source: ConfigFile, place: Place = ALONE, held: Held | None = None
) -> None:
    """Serve until SIGINT or SIGTERM; requests in flight and jobs come to an orderly stop.

    What changes in `source`, where the settings come from, is taken up meanwhile. Raises
    GatewayErrors whose texts tell the operator what to mend.
    """
    async with AsyncExitStack() as sockets, AsyncExitStack() as to_the_end:
        stop = sockets.enter_context(stop_signals())
        doors = held.doors if held else sockets.enter_context(open_doors(settings, place.role))
        leash = None if held is None else Leash(held.leash, stop)
        restart = None if leash is None else partial(leash.say, Word.RESTART)
        place = replace(place, crash=armed_crash(settings), restart=restart)
        opened = gateway_in_background(settings, doors.listener, doors.forward, place=place)
        async with opened as gateway:
            _calm_garbage_collector()
            forward = settings.forward.listen if doors.forward is not None else None
            log.info("gateway started", listen=settings.server.listen, forward=forward)
            async with following_file(gateway.reloader, source):
                if leash is not None:  # one that is stopping ends at once with its supervisor
                    await to_the_end.enter_async_context(leash)
                await stop.wait()
            gateway.engine.drain()
            # An orphan is in the way of the next supervisor. One that is replaced shares its port
            # with the others: a load balancer that heard its 503 would take it for all of them.
            at_once = leash is not None and (leash.broken or leash.replaced)
            drain_s = 0.0 if at_once else settings.server.drain_s
            log.info("gateway is stopping", drain_s=drain_s)
            await asyncio.sleep(drain_s)
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
    place: Place = ALONE,
) -> AsyncIterator[Gateway]:
    """A gateway that answers on `listener` until the block ends, and tools on `forward`."""
    async with open_gateway(settings, place) as gateway:
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
        async with (
            open_worker(settings, Place(Role.WORKER)) as reloader,
            following_file(reloader, source),
        ):
            log.info("worker started")
            await stop.wait()
    log.info("worker stopped")
