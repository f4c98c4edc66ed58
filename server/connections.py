import ipaddress
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

# Files that are open beside the callers' sockets: stores, logs, calls to WeChat, spooled bodies.
_OTHER_FILES = 100
# What one peer may have of a process that is short of files.
_PEER_SHARE = 0.75
# A household or a server gets at least such a net: one address of it is as good as another.
_IPV6_PREFIX = 64


class ConnectionSettings(BaseModel):
    """The part of `[server]` that bounds what a connection may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header_timeout_s: float = Field(
        10, gt=0, le=300, description="a request's headers must be complete so long after it began"
    )
    body_timeout_s: float = Field(
        30,
        gt=0,
        le=600,
        description="a request's body must be complete after so long, plus a second for each "
        "10 KB of it, and in ten minutes at most",
    )
    write_timeout_s: float = Field(
        30, gt=0, le=600, description="a caller that takes nothing of its answer is cut off then"
    )
    keep_alive_s: int = Field(
        65, gt=0, le=600, description="an idle connection is kept; longer than a proxy's 60 s"
    )
    max_connections: int = Field(
        4_000, ge=1, le=100_000, description="at the same time; fewer where files are short"
    )
    max_connections_per_ip: int = Field(
        1_000,
        ge=1,
        le=100_000,
        description="from one IPv4 address or IPv6 /64; not trusted_proxies",
    )
    max_in_flight: int = Field(
        1_000, ge=1, le=100_000, description="requests at the same time; health checks always pass"
    )
    max_headers: int = Field(100, ge=10, le=1_000, description="headers of a request")
    max_header_kb: int = Field(16, ge=1, le=256, description="their size together")
    max_url_kb: int = Field(8, ge=1, le=64, description="size of a request's URL")


class Door:
    """Counts connections, in all and by peer, and says whether one more may come in."""

    def __init__(
        self, *, max_connections: int, max_per_ip: int, uncounted: Sequence[IpNetwork] = ()
    ) -> None:
        self._max = max_connections
        self._max_per_ip = max_per_ip
        self._uncounted = uncounted  # proxies: behind one stand all the callers
        self._by_peer: Counter[str] = Counter()
        self.inside = 0

    @property
    def full(self) -> bool:
        """Whether the last place is taken."""
        return self.inside >= self._max

    def enter(self, host: str | None) -> str | None:
        """Take a place; what `leave` wants back, or None if there is none for this peer."""
        peer = self._peer(host)
        if self.full or (peer and self._by_peer[peer] >= self._max_per_ip):
            return None
        self.inside += 1
        if peer:
            self._by_peer[peer] += 1
        return peer

    def leave(self, peer: str) -> None:
        """Give back the place that `enter` gave."""
        self.inside -= 1
        if peer:
            self._by_peer[peer] -= 1
            if not self._by_peer[peer]:
                del self._by_peer[peer]

    def _peer(self, host: str | None) -> str:
        """What connections are counted by; empty for those that have no bound of their own."""
        if host is None:  # a Unix socket
            return ""
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return host
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self._uncounted):
            return ""
        if address.version == 4:
            return str(address)
        return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))


@dataclass(frozen=True, slots=True)
class Guard:
    """What the connections of one process share."""

    settings: ConnectionSettings
    door: Door
    count: Callable[[str], None]  # counts a connection that was cut short, by the reason
    leaving: Callable[[], bool] = lambda: False  # whether the process is about to end


def open_door(
    settings: ConnectionSettings, *, proxies: Sequence[IpNetwork], open_files: int
) -> Door:
    """The door of a process that may have `open_files` files open."""
    room = max(1, open_files - _OTHER_FILES)
    most = min(settings.max_connections, room)
    per_ip = settings.max_connections_per_ip
    if most < settings.max_connections:
        per_ip = min(per_ip, max(1, int(most * _PEER_SHARE)))
    return Door(max_connections=most, max_per_ip=per_ip, uncounted=proxies)


def raise_file_limit(wanted: int) -> int:
    """Raise the soft limit of open files towards `wanted`, as the hard one allows; what it is then.

    1 024, the usual soft limit, is for programs that use select().
    """
    try:
        import resource
    except ImportError:  # Windows
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def files_for(settings: ConnectionSettings) -> int:
    """Files that a process needs open for all the connections that it may have."""
    return settings.max_connections + _OTHER_FILES
