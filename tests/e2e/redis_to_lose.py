"""A Redis that goes away and comes back: one server, or a master that Sentinels replace."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol, Self

from tests.redises import RedisSentinels, RedisServer, until

# Waits while it is away.
Away = Callable[[], Awaitable[None]]
Harm = Callable[[Away], Awaitable[None]]


class RedisToLose(Protocol):
    """What a trial needs of it."""

    url: str

    @property
    def harms(self) -> Mapping[str, Harm]:
        """What may befall it, by name; each is mended when it returns."""
        ...

    def __enter__(self) -> Self:
        """Have it started."""
        ...

    def __exit__(self, *exc: object) -> None:
        """End it."""
        ...


class OneRedis:
    """A server that is killed, and comes back empty."""

    def __init__(self, directory: Path) -> None:
        self._server = RedisServer(directory)
        self.url = self._server.url

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.kill()

    @property
    def harms(self) -> Mapping[str, Harm]:
        """It is lost."""
        return {"redis": self._lose}

    async def _lose(self, away: Away) -> None:
        self._server.kill()
        await away()
        await asyncio.to_thread(self._server.start)


class SentinelRedis:
    """A master with a replica under three Sentinels: either it fails over, or both are lost."""

    def __init__(self, directory: Path) -> None:
        self._group = RedisSentinels(directory)
        self._servers = [self._group.master, self._group.replica]
        self.url = self._group.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._group.__exit__(*exc)

    @property
    def harms(self) -> Mapping[str, Harm]:
        """One of them is lost, or all."""
        return {"failover": self._fail_over, "redis": self._lose}

    def _in_turn(self) -> tuple[RedisServer, RedisServer]:
        """The master and the other one."""
        one, two = self._servers
        return (one, two) if self._group.master_port() == one.port else (two, one)

    async def _fail_over(self, away: Away) -> None:
        master, replica = self._in_turn()
        master.kill()
        await asyncio.to_thread(until, lambda: self._is_master(replica))
        await away()
        await asyncio.to_thread(self._follow, master, replica)

    async def _lose(self, away: Away) -> None:
        master, replica = self._in_turn()
        master.kill()
        replica.kill()
        await away()
        await asyncio.to_thread(master.start)
        master.ask("REPLICAOF", "NO", "ONE")
        await asyncio.to_thread(self._follow, replica, master)

    def _is_master(self, server: RedisServer) -> bool:
        chosen = self._group.master_port() == server.port
        return chosen and server.ask("INFO", "replication")["role"] == "master"

    def _follow(self, server: RedisServer, master: RedisServer) -> None:
        server.start()
        server.ask("REPLICAOF", "127.0.0.1", str(master.port))
        until(master.has_replica)
