"""The forward proxy, composed: its CA or its tunnels, and the port that it listens on."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from core.metrics import Metrics
from core.tasks import TaskSet
from fetch.resolver import SystemResolver
from proxy.auth import Authenticator
from server.connections import Guard
from server.forward.authority import open_authority
from server.forward.inspect import Inspection
from server.forward.listener import Connecting, Desk, Way
from server.forward.places import HOSTS, places_of
from server.forward.tunnel import Quota, Tunnels
from server.protocol import GuardedProtocol, close_an_idle_one
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class Behind:
    """What the forward proxy shares with the gateway's own port."""

    app: ASGIApp  # answers what is asked inside
    authenticator: Authenticator
    state: ServerState
    guard: Guard
    metrics: Metrics


@asynccontextmanager
async def forwarding(
    settings: Settings, listener: socket.socket, behind: Behind
) -> AsyncIterator[None]:
    """Take connections on `listener` until the block ends. Raises AuthorityUnusable.

    Tunnels end with the block; what is asked inside of TLS ends with the gateway's own requests.
    """
    async with AsyncExitStack() as stack:
        desk = Desk(
            settings=settings.server,
            hosts=frozenset(HOSTS),
            authenticator=behind.authenticator,
            way=_way(settings, behind, stack),
            door=behind.guard.door,
            make_room=lambda: close_an_idle_one(behind.state),
            count=behind.guard.count,
            tasks=TaskSet(),
        )
        stack.push_async_callback(desk.close)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connecting(desk), sock=listener)
        stack.callback(server.close)
        yield


def _way(settings: Settings, behind: Behind, stack: AsyncExitStack) -> Way:
    if settings.forward.mode == "inspect":
        authority = open_authority(settings.server.data_dir / "ca", HOSTS, clock=time.time)
        patience_s = settings.server.header_timeout_s
        return Inspection(authority, _speaker(settings, behind), handshake_s=patience_s)
    resolver = SystemResolver()
    stack.callback(resolver.close)
    tunnels = Tunnels(
        places_of(settings.upstream),
        resolver,
        behind.guard.door,
        Quota(settings.forward.tunnels_per_client, settings.forward.tunnel_idle_s),
        as_by_now=behind.authenticator.as_by_now,
        meter=_Meter(behind.metrics),
    )
    stack.push_async_callback(tunnels.aclose)
    return tunnels


class _Meter:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def opened(self) -> None:
        self._metrics.tunnels.inc()

    def closed(self, sent_bytes: int, received_bytes: int) -> None:
        self._metrics.tunnels.dec()
        self._metrics.tunnel_bytes.labels("sent").inc(sent_bytes)
        self._metrics.tunnel_bytes.labels("received").inc(received_bytes)


def _speaker(settings: Settings, behind: Behind) -> Callable[[dict[str, Any]], GuardedProtocol]:
    config = uvicorn.Config(
        behind.app,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # inside of TLS there is no proxy that could have added any
        timeout_keep_alive=settings.server.keep_alive_s,
    )
    return lambda about: GuardedProtocol(config, behind.state, about, guard=behind.guard)
