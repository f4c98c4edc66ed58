from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA IPv4 Special-Purpose Address Registry, multicast, and Azure's metadata host, which looks
# public. (AWS, GCP and Alibaba keep theirs in 169.254/16 and 100.64/10.)
_CLOSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24"),
        *("192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
    )
)
# Of IPv6 only global unicast is open, less its special parts: protocol assignments with Teredo
# and ORCHID, documentation, 6to4, AS112.
_GLOBAL_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(network)
    for network in (*("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),)
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")  # how a DNS64 network names every IPv4 host
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)  # bits 64–95 of an address that tunnels to an IPv4 host


class AddressPolicy:
    """Says which addresses a foreign URL may lead to: public ones, and `allow_networks`.

    `ipaddress.is_global` is no such filter: it lets NAT64, 6to4, multicast and others pass.
    """

    def __init__(self, allow_networks: Iterable[Network | str] = ()) -> None:
        self._allowed = tuple(
            ip_network(network) if isinstance(network, str) else network
            for network in allow_networks
        )

    def allows(self, address: Address) -> bool:
        """Whether a connection to `address` is harmless."""
        if self.names(address):
            return True
        if isinstance(address, IPv4Address):
            return not any(address in network for network in _CLOSED_V4)
        if address in _MAPPED or address in _NAT64:
            return self.allows(_last_32_bits(address))
        if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
            return False
        return address in _GLOBAL_V6 and not any(address in network for network in _CLOSED_V6)

    def names(self, address: Address) -> bool:
        """Whether the operator opened this very address."""
        return any(address in network for network in self._allowed)


def _last_32_bits(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFF_FFFF)
