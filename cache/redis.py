import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    MovedError,
    NoPermissionError,
    ReadOnlyError,
    RedisError,
)

from cache.breaker import Breaker
from cache.nodes import LayoutUnknown, Node, Nodes
from cache.redis_url import Address, Kind
from core.clock import Clock

log = structlog.get_logger(__name__)

T = TypeVar("T")

Command = Callable[[Redis], Awaitable[T]]

_SPOILED = ("WRONGTYPE", "hash value is not an integer", "increment or decrement would overflow")
_NOBODY: Address = ("", -1)  # "keeps" the keys of which no keeper is known


class RedisAway(Exception):
    """Redis gave no usable answer. `sent`: whether the command may have been carried out."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__("Redis is away")
        self.sent = sent


class KeySpoiled(RedisAway):
    """One key holds what we have never written; Redis itself is well."""


class RedisLink:
    """A Redis of one server or several, each with a breaker, so that nobody waits for a dead one.

    All that cache/ does with Redis goes through `run`, so that every caller learns of an outage
    from the first one. Its callers catch RedisAway and nothing else.
    """

    def __init__(
        self,
        nodes: Nodes,
        *,
        purpose: str = "all",
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self.nodes = nodes
        self.purpose = purpose  # who asks by it: "all", or those who have connections of their own
        self._clock = clock
        self._monotonic = monotonic
        self._breakers: dict[Address, Breaker] = {}
        self._version = nodes.version
        self.up = True  # false while a breaker is open
        self.since = clock()  # Unix time of the last change of `up`
        self.switches = 0
        self.errors = 0

    @property
    def kind(self) -> Kind:
        """Which kind of Redis it is."""
        return self.nodes.kind

    async def run(self, command: Command[T], key: str, *, timeout_s: float | None = None) -> T:
        """The result of `command`, given the server that keeps `key` and all keys of its slot.

        Raises RedisAway, at once while that server's breaker is open or none is known. To be silent
        for `timeout_s` is a failure too; it may be shorter than the socket's timeout.
        """
        self._forget_former_nodes()
        node = self.nodes.of(key)
        if node is not None:
            return await self.run_at(node, command, timeout_s=timeout_s)
        nobody = self._breaker(_NOBODY)
        if nobody.admits():
            self._failed(nobody, LayoutUnknown())
        raise RedisAway(sent=False)

    async def run_at(self, node: Node, command: Command[T], *, timeout_s: float | None = None) -> T:
        """`run` on that one of its servers."""
        breaker = self._breaker(node.address)
        if not breaker.admits():
            raise RedisAway(sent=False)
        try:
            async with asyncio.timeout(timeout_s):
                result = await self._follow(node, command)
        # ResponseError too (READONLY, OOM, LOADING, NOAUTH): a Redis that cannot write is away.
        # TimeoutError is an OSError.
        except (RedisError, OSError) as exc:
            self.errors += 1
            if any(sign in str(exc) for sign in _SPOILED):
                log.warning("a key in redis is not as we wrote it", reason=str(exc)[:200])
                raise KeySpoiled(sent=True) from None
            await _leave_former_master(node, exc)
            self._failed(breaker, exc)
            raise RedisAway(sent=True) from None
        breaker.worked()
        self._note()
        return result

    async def _follow(self, node: Node, command: Command[T]) -> T:
        """Carry it out, where another node says if this one does not keep the key any more."""
        try:
            return await command(node.redis)
        except MovedError as moved:
            # Nothing was carried out: what goes together is one script or one transaction.
            there = self.nodes.at((moved.host or node.address[0], moved.port))
            self.nodes.doubt()
            if there is None:
                raise
            return await command(there.redis)

    def _breaker(self, address: Address) -> Breaker:
        breaker = self._breakers.get(address)
        if breaker is None:
            breaker = self._breakers[address] = Breaker(self._monotonic)
        return breaker

    def _forget_former_nodes(self) -> None:
        if self._version == self.nodes.version:
            return
        self._version = self.nodes.version
        there = {node.address for node in self.nodes.all()}
        self._breakers = {at: breaker for at, breaker in self._breakers.items() if at in there}
        self._note()

    def _failed(self, breaker: Breaker, exc: Exception) -> None:
        if isinstance(exc, AuthenticationError | NoPermissionError):
            log.error("redis refuses our credentials: check redis.url", reason=type(exc).__name__)
        self.nodes.doubt()
        breaker.failed()
        self._note(type(exc).__name__)

    def _note(self, reason: str = "") -> None:
        up = all(breaker.up for breaker in self._breakers.values())
        if up == self.up:
            return
        self.up = up
        self.since = self._clock()
        self.switches += 1
        if up:
            log.info("redis is back", purpose=self.purpose)
        else:
            log.warning("redis is away, memory takes over", purpose=self.purpose, reason=reason)


async def _leave_former_master(node: Node, exc: Exception) -> None:
    """Connect anew if it refuses writes: its name may lead to another server since a failover."""
    # Redis 6 wraps the refusal where a script meets it.
    if isinstance(exc, ReadOnlyError) or "READONLY" in str(exc):
        with suppress(RedisError, OSError):
            await node.redis.connection_pool.disconnect(inuse_connections=False)
