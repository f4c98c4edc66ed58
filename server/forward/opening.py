"""The forward proxy, composed: its CA or its tunnels, and the port that it listens on."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from core.tasks import TaskSet
from fetch.resolver import SystemResolver
from proxy.auth import Authenticator
from server.forward.authority import open_authority
from server.forward.inspect import Inspection
from server.forward.listener import Connecting, Desk, Way
from server.forward.tunnel import Bounds, Tunnels, places_of
from server.protocol import Guard, GuardedProtocol, close_an_idle_one
from server.settings import Settings
from wechat.hosts import API_HOSTS, MP_HOST

HOSTS = (*API_HOSTS, MP_HOST)


@asynccontextmanager
async def forwarding(
    settings: Settings,
    app: ASGIApp,
    authenticator: Authenticator,
    listener: socket.socket,
    inside: tuple[ServerState, Guard],
) -> AsyncIterator[None]:
    """Take connections on `listener` until the block ends.

    `inside` is what they share with those of the gateway's own port: `app` answers them there.
    Raises AuthorityUnusable.
    """
    state, guard = inside
    resolver = SystemResolver()
    way: Way
    tunnels: Tunnels | None = None
    if settings.forward.mode == "inspect":
        way = _inspection(settings, _speaker(settings, app, state, guard))
    else:
        bounds = Bounds(settings.forward.tunnels_per_client, settings.forward.tunnel_idle_s)
        way = tunnels = Tunnels(places_of(settings.upstream), resolver, guard.door, bounds)
    desk = Desk(
        settings=settings.server,
        hosts=frozenset(HOSTS),
        authenticator=authenticator,
        way=way,
        door=guard.door,
        make_room=lambda: close_an_idle_one(state),
        count=guard.count,
        tasks=TaskSet(),
    )
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connecting(desk), sock=listener)
    try:
        yield
    finally:
        server.close()
        await desk.close()
        if tunnels is not None:
            tunnels.close()
        resolver.close()


def _inspection(settings: Settings, speak: Callable[[dict[str, Any]], GuardedProtocol]) -> Way:
    authority = open_authority(settings.server.data_dir / "ca", HOSTS, clock=time.time)
    return Inspection(authority, speak, handshake_s=settings.server.header_timeout_s)


def _speaker(
    settings: Settings, app: ASGIApp, state: ServerState, guard: Guard
) -> Callable[[dict[str, Any]], GuardedProtocol]:
    config = uvicorn.Config(
        app,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # inside of TLS there is no proxy that could have added any
        timeout_keep_alive=settings.server.keep_alive_s,
    )
    return lambda about: GuardedProtocol(config, state, about, guard=guard)
