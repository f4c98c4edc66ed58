import ipaddress

from fetch.addresses import Address, AddressPolicy
from fetch.errors import DnsFailed, UrlForbidden
from fetch.resolver import Resolver


class Judge:
    """Finds the addresses of a host, and gives them out only if every one of them is allowed."""

    def __init__(self, policy: AddressPolicy, resolver: Resolver) -> None:
        self._policy = policy
        self._resolver = resolver

    async def addresses(self, host: str, port: int) -> list[Address]:
        """In the order in which to try them. Raises UrlForbidden, DnsFailed."""
        addresses: list[Address]
        try:
            addresses = [ipaddress.ip_address(host.strip("[]"))]
        except ValueError:
            try:
                addresses = await self._resolver.resolve(host, port)
            except (OSError, UnicodeError):
                raise DnsFailed(url=host) from None
        if not addresses:
            raise DnsFailed(url=host)
        if not all(self._policy.allows(address) for address in addresses):
            raise UrlForbidden(url=host)
        return addresses
