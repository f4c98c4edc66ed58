import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Protocol, Self

import structlog
from redis.asyncio import Redis
from redis.crc import key_slot

from cache.redis_url import Address, Kind
from core.awake import is_set_within
from core.tasks import TaskSet

log = structlog.get_logger(__name__)

_EVERY_S = 1.0  # a failover is noticed so soon after it was decided
_AT_MOST_EVERY_S = 0.2  # however many commands fail
_FIRST_LOOK_S = 1.0  # what a start may wait
ALL_SLOTS = 16_384


class LayoutUnknown(Exception):
    """Nobody who was asked could say which server keeps which keys."""


class Owner(NamedTuple):
    """Who keeps the keys of a range of slots; a master that a Sentinel names keeps them all."""

    first: int
    last: int
    address: Address


@dataclass(frozen=True, slots=True)
class Node:
    """A server, and the connections to it."""

    address: Address
    redis: Redis


class Layout(Protocol):
    """Who can say which server keeps which keys."""

    async def owners(self, client_of: Callable[[Address], Redis]) -> Sequence[Owner]:
        """Ask; `client_of` is how to get the client of a server. May raise LayoutUnknown."""
        ...

    async def aclose(self) -> None:
        """Close the connections that it has of its own."""
        ...


class Nodes(Protocol):
    """The servers of one Redis, and which of them keeps which key."""

    @property
    def kind(self) -> Kind:
        """What holds them together."""
        ...

    @property
    def version(self) -> int:
        """Another number whenever a key may have got another keeper."""
        ...

    def of(self, key: str) -> Node | None:
        """The keeper of that key; None while nobody knows of one."""
        ...

    def at(self, address: Address) -> Node | None:
        """The server at that address, as another one has named it; None if that cannot be."""
        ...

    def all(self) -> Sequence[Node]:
        """Every keeper of keys."""
        ...

    def doubt(self) -> None:
        """A command failed: perhaps its key has got another keeper."""
        ...


class SingleNode:
    """Nodes of a Redis that is one server."""

    kind: Kind = "single"
    version = 0

    def __init__(self, redis: Redis) -> None:
        self._node = Node(("", 0), redis)

    def of(self, key: str) -> Node | None:  # noqa: ARG002 - it keeps them all
        """The server."""
        return self._node

    def at(self, address: Address) -> Node | None:  # noqa: ARG002
        """None: a server that names another one is not what was configured."""
        return None

    def all(self) -> Sequence[Node]:
        """The server."""
        return (self._node,)

    def doubt(self) -> None:
        """There is nobody else."""


class FollowedNodes:
    """Nodes that come and go, as `layout` says; it is asked every second and after a failure.

    No command ever waits for it: they go by what was last known. `connect` makes the client of a
    server.
    """

    def __init__(self, kind: Kind, layout: Layout, connect: Callable[[Address], Redis]) -> None:
        self.kind: Kind = kind
        self.version = 0
        self.layout = layout
        self._connect = connect
        self._nodes: dict[Address, Node] = {}
        self._owners: Sequence[Owner] = ()
        self._firsts: Sequence[int] = ()
        self.unknown = ""  # why nobody could say who keeps what when that was last asked
        self._doubted = asyncio.Event()
        self._tasks = TaskSet()

    async def __aenter__(self) -> Self:
        """Look for the first time, within a second, and go on looking."""
        try:
            async with asyncio.timeout(_FIRST_LOOK_S):
                await self.refresh()
        except TimeoutError:
            log.warning("redis nodes are not known yet", kind=self.kind)
        self._tasks.start(self._keep_looking(), name="follow redis nodes")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Look no more, and close all connections."""
        await self._tasks.aclose()
        for node in self._nodes.values():
            await node.redis.aclose()
        await self.layout.aclose()

    def of(self, key: str) -> Node | None:
        """The keeper of that key."""
        slot = key_slot(key.encode())
        at = bisect_right(self._firsts, slot) - 1
        if at < 0 or slot > self._owners[at].last:
            return None
        return self.at(self._owners[at].address)

    def at(self, address: Address) -> Node:
        """The server at that address."""
        node = self._nodes.get(address)
        if node is None:
            node = self._nodes[address] = Node(address, self._connect(address))
        return node

    def all(self) -> Sequence[Node]:
        """Every keeper of keys."""
        return [self.at(address) for address in self._keepers()]

    def doubt(self) -> None:
        """Look again soon."""
        self._doubted.set()

    def _keepers(self) -> Iterator[Address]:
        yield from dict.fromkeys(owner.address for owner in self._owners)

    async def refresh(self) -> None:
        """Look who keeps what; who keeps nothing any more is left."""
        try:
            owners = sorted(await self.layout.owners(lambda address: self.at(address).redis))
        except LayoutUnknown as unknown:
            if not self.unknown:
                log.warning("nobody knows the redis nodes", kind=self.kind, reason=str(unknown))
            self.unknown = str(unknown)
            return
        self.unknown = ""
        if owners != self._owners:
            self._owners, self._firsts = owners, [owner.first for owner in owners]
            self.version += 1
            named = [f"{host}:{port}" for host, port in self._keepers()]
            log.info("redis nodes", kind=self.kind, nodes=named)
        for address in self._nodes.keys() - set(self._keepers()):
            await self._nodes.pop(address).redis.aclose()

    async def _keep_looking(self) -> None:
        while True:
            await is_set_within(self._doubted, _EVERY_S)
            self._doubted.clear()
            try:
                await self.refresh()
            except Exception:
                # Whatever it was: the next failover must still be noticed.
                log.exception("redis nodes not looked at")
            await asyncio.sleep(_AT_MOST_EVERY_S)
