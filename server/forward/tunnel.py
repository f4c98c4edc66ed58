import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple, Protocol, TypeAlias

import structlog

from accounts.clients import AuthError, Client, Credential, Scope
from core.errors import Category, GatewayError, Text
from fetch.addresses import Address, AddressPolicy
from fetch.errors import DnsFailed, UrlForbidden
from fetch.judge import Judge
from fetch.resolver import Resolver
from proxy.approval import ApprovalNeeded, check_approval
from proxy.auth import ScopeMissing
from server.connections import Door
from server.forward.listener import Visitor
from server.forward.pipe import Bounds, Ended, Pipe
from server.forward.places import Place
from server.wire_errors import TooManyConnections

log = structlog.get_logger(__name__)

_ATTEMPT_S = 5.0  # to find a host's addresses, and for each of them
_ADDRESSES_TRIED = 3
_EVERYWHERE = ("0.0.0.0/0", "::/0")

# Whom a credential that was let in from an address speaks for by now; raises an AuthError.
AsByNow: TypeAlias = Callable[[Credential, str | None], Credential]


class TooManyTunnels(GatewayError):
    """One client has as many tunnels as forward.tunnels_per_client allows."""

    status = 429
    code = "forward_too_many_tunnels"
    category: ClassVar[Category] = "quota"
    retryable = True
    message = Text(
        "客户端 {client} 已有 {most} 条隧道", "client {client} has {most} tunnels already"
    )
    hint = Text(
        "关闭不用的连接；上限由 forward.tunnels_per_client 决定",
        "close connections that are not used; the limit is forward.tunnels_per_client",
    )


class HostUnreachable(GatewayError):
    """No connection to the host could be had."""

    status = 502
    code = "forward_unreachable"
    category: ClassVar[Category] = "system"
    retryable = True
    message = Text("连不上 {host}", "{host} cannot be reached")
    hint = Text(
        "检查网关到微信的网络：wxgate doctor", "check the gateway's way to WeChat: wxgate doctor"
    )


class HostInside(HostUnreachable):
    """The name server gave an address that WeChat cannot have."""

    code = "forward_dns_refused"
    retryable = False
    message = Text(
        "{host} 被解析到了非公网地址", "the name server gives {host} an address that is not public"
    )
    hint = Text(
        "检查网关所在机器的 DNS 与 hosts 文件",
        "check DNS and the hosts file of the gateway's machine",
    )


class Quota(NamedTuple):
    """What tunnels may take."""

    per_client: int
    idle_s: float
    look_s: float = 5  # until one is cut whose client may no more


class Meter(Protocol):
    """Is told what goes through tunnels."""

    def opened(self) -> None:
        """One more is there."""
        ...

    def closed(self, sent_bytes: int, received_bytes: int) -> None:
        """One fewer, and what went through it."""
        ...


class Tunnels:
    """Blind ways to WeChat's hosts: what is said inside is between the tool and WeChat."""

    def __init__(
        self,
        places: Mapping[str, Place],
        resolver: Resolver,
        door: Door,
        quota: Quota,
        *,
        as_by_now: AsByNow,
        meter: Meter,
    ) -> None:
        """`as_by_now` gives the client as it stands now. Raises an AuthError if it may no more."""
        self._places = places
        self._public = Judge(AddressPolicy(), resolver)
        self._any = Judge(AddressPolicy(_EVERYWHERE), resolver)
        self._door = door
        self._quota = quota
        self._as_by_now = as_by_now
        self._meter = meter
        self._by_client: Counter[str] = Counter()
        self._pipes: set[Pipe] = set()

    async def open(self, transport: asyncio.Transport, visitor: Visitor) -> None:
        """Connect the two. Raises ScopeMissing, ApprovalNeeded, TooManyTunnels, HostUnreachable."""
        client = visitor.credential.client
        _check_rights(client, visitor.host)
        if self._by_client[client.id] >= self._quota.per_client:
            raise TooManyTunnels(client=client.id, most=self._quota.per_client)
        place = self._door.enter(None)  # its second socket
        if place is None:
            raise TooManyConnections(retry_after_s=1)
        self._by_client[client.id] += 1

        def give_back() -> None:
            self._door.leave(place)
            self._by_client[client.id] -= 1

        try:
            upstream = await self._connect(self._places[visitor.host])
        except BaseException:
            give_back()
            raise
        bounds = Bounds(
            self._quota.idle_s, lambda: self._may_stay(visitor), look_s=self._quota.look_s
        )
        pipe = Pipe(transport, bounds, ended=self._ended(visitor, give_back))
        self._pipes.add(pipe)
        self._meter.opened()
        await pipe.join(upstream)

    async def aclose(self) -> None:
        """End them all; they are gone afterwards."""
        for pipe in list(self._pipes):
            pipe.close()
        for pipe in list(self._pipes):
            await pipe.wait_closed()

    def _may_stay(self, visitor: Visitor) -> bool:
        try:
            now = self._as_by_now(visitor.credential, visitor.peer)
            _check_rights(now.client, visitor.host)
        except (AuthError, ApprovalNeeded) as exc:
            client = visitor.credential.client.id
            log.warning("tunnel cut", client=client, host=visitor.host, code=exc.code)
            return False
        return True

    def _ended(self, visitor: Visitor, give_back: Callable[[], None]) -> Ended:
        def ended(pipe: Pipe) -> None:
            self._pipes.discard(pipe)
            give_back()
            visitor.leave()
            self._meter.closed(pipe.sent_bytes, pipe.received_bytes)
            log.info(
                "tunnel closed",
                client=visitor.credential.client.id,
                host=visitor.host,
                sent=pipe.sent_bytes,
                received=pipe.received_bytes,
            )

        return ended

    async def _connect(self, place: Place) -> socket.socket:
        judge = self._any if place.is_ours else self._public
        try:
            async with asyncio.timeout(_ATTEMPT_S):
                addresses = await judge.addresses(place.host, place.port)
        except UrlForbidden:
            raise HostInside(host=place.host) from None
        except (DnsFailed, TimeoutError):
            raise HostUnreachable(host=place.host) from None
        for address in addresses[:_ADDRESSES_TRIED]:
            try:
                async with asyncio.timeout(_ATTEMPT_S):
                    connected = await _connected(address, place.port)
            except OSError:  # TimeoutError is one
                continue
            # Both ends one address: this machine, by its public name.
            if place.is_ours or connected.getsockname()[0] != connected.getpeername()[0]:
                return connected
            connected.close()
        raise HostUnreachable(host=place.host)


def _check_rights(client: Client, host: str) -> None:
    """Nobody sees what goes through, so it may be anything, publishing too."""
    if not client.may(Scope.RELAY_WRITE):
        raise ScopeMissing(client=client.id, scope=Scope.RELAY_WRITE.value)
    check_approval(client, Scope.PUBLISH, f"{host}:443")


async def _connected(address: Address, port: int) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, (str(address), port))
    except BaseException:
        made.close()
        raise
    return made
