from collections.abc import Iterable

import httpcore

from fetch.addresses import Address, AddressPolicy
from fetch.errors import UrlForbidden
from fetch.judge import Judge
from fetch.resolver import Resolver

_ADDRESSES_TRIED = 4
_ATTEMPT_S = 3.0  # for one of several addresses; the whole fetch has its own deadline


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to a host only if all of its addresses are allowed, and to one of those judged.

    Resolving, judging and connecting are one act, so a name that answers differently the second
    time (DNS rebinding) gains nothing. TLS still checks the certificate against the name. Raises
    UrlForbidden and DnsFailed.
    """

    def __init__(self, policy: AddressPolicy, resolver: Resolver) -> None:
        self._policy = policy
        self._judge = Judge(policy, resolver)
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of httpcore
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A TCP connection to `host`."""
        addresses = await self._judge.addresses(host, port)
        attempt_s = timeout if len(addresses) == 1 else _ATTEMPT_S
        failure: Exception | None = None
        for address in addresses[:_ADDRESSES_TRIED]:
            try:
                stream = await self._network.connect_tcp(
                    str(address), port, attempt_s, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
                continue
            return await self._not_ourselves(stream, host, address)
        raise failure or httpcore.ConnectError("no address")

    async def _not_ourselves(
        self, stream: httpcore.AsyncNetworkStream, host: str, address: Address
    ) -> httpcore.AsyncNetworkStream:
        # A connection whose two ends are one address goes to this machine by its public name.
        local = stream.get_extra_info("client_addr")
        if local and local[0] == str(address) and not self._policy.names(address):
            await stream.aclose()
            raise UrlForbidden(url=host)
        return stream

    async def sleep(self, seconds: float) -> None:
        """Wait; part of the interface."""
        await self._network.sleep(seconds)
