"""A way through the door on real loopback sockets."""

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from accounts.clients import Clients, Credential
from accounts.keys import digest_of
from accounts.master_key import Sealer
from accounts.official import Accounts
from core.tasks import TaskSet
from proxy.auth import Authenticator
from proxy.virtual_tokens import VirtualTokens
from server.connections import ConnectionSettings, Door
from server.forward.authority import Authority, open_authority
from server.forward.listener import Connecting, Desk, Visitor, Way
from tests.gateway import CLIENTS, KEY, MAIN, PERSONAL

HOST = "api.weixin.qq.com"
HOSTS = frozenset({HOST, "mp.weixin.qq.com"})
BLOG = Credential(CLIENTS[0], digest_of(KEY))


def connect(key: str = KEY, *, client: str = "blog", target: str = f"{HOST}:443") -> bytes:
    """The head of a CONNECT."""
    said = base64.b64encode(f"{client}:{key}".encode()).decode()
    return f"CONNECT {target} HTTP/1.1\r\nProxy-Authorization: Basic {said}\r\n\r\n".encode()


def visitor(leave: Callable[[], None] = lambda: None, *, at: int = 0, host: str = HOST) -> Visitor:
    """One of the clients, let in."""
    client = CLIENTS[at]
    credential = Credential(client, digest_of(client.key.get_secret_value()))
    return Visitor(host, credential, "127.0.0.1", leave)


@dataclass
class Front:
    """A listener, and what it told."""

    port: int
    door: Door
    desk: Desk
    counted: list[str] = field(default_factory=list)

    async def say(self, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A new connection that has sent `data`."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        return reader, writer

    async def answer(self, data: bytes) -> bytes:
        """All that comes back until the other side ends it."""
        reader, writer = await self.say(data)
        async with asyncio.timeout(20):
            said = await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        return said

    async def is_empty(self) -> None:
        """Wait until nobody has a place."""
        async with asyncio.timeout(20):
            while self.door.inside:
                await asyncio.sleep(0.01)


Opens = Callable[..., Any]


@pytest.fixture
def open_front() -> Opens:
    """Opens a Front before a Way."""

    @asynccontextmanager
    async def opened(way: Way, *, per_ip: int = 100, **limits: Any) -> AsyncIterator[Front]:
        clients = Clients(CLIENTS)
        counted: list[str] = []
        door = Door(max_connections=100, max_per_ip=per_ip)
        desk = Desk(
            settings=ConnectionSettings(**limits),
            hosts=HOSTS,
            authenticator=Authenticator(
                clients, Accounts((MAIN, PERSONAL)), VirtualTokens(Sealer(b"m" * 32), clients)
            ),
            way=way,
            door=door,
            make_room=lambda: None,
            count=counted.append,
            tasks=TaskSet(),
        )
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connecting(desk), "127.0.0.1", 0)
        try:
            yield Front(server.sockets[0].getsockname()[1], door, desk, counted)
        finally:
            server.close()
            await desk.close()

    return opened


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A CA of the test's own."""
    return open_authority(tmp_path / "ca", sorted(HOSTS), clock=time.time)
