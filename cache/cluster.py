from collections.abc import Callable, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from cache.nodes import LayoutUnknown, Owner
from cache.redis_url import Address


class ClusterSlots:
    """The Layout of a Cluster: any of its nodes knows them all.

    A node that was cut off knows an old one, and knows that (`cluster_state`): then the others are
    asked. One that says it is well is asked first the next time.
    """

    def __init__(self, hosts: Sequence[Address]) -> None:
        self._hosts = hosts
        self._known: Sequence[Address] = ()

    async def owners(self, client_of: Callable[[Address], Redis]) -> Sequence[Owner]:
        """The master of each range of slots."""
        second_best: Sequence[Owner] = ()
        reasons = set()
        for address in dict.fromkeys((*self._known, *self._hosts)):
            try:
                well, owners = await slots_of(client_of(address), address)
            except (RedisError, OSError) as exc:
                reasons.add(str(exc)[:100])
                continue
            if well:
                others = {owner.address for owner in owners} - {address}
                self._known = (address, *sorted(others))
                return owners
            second_best = second_best or owners
        if not second_best:
            raise LayoutUnknown("; ".join(sorted(reasons)) or "no node has any slots")
        return second_best

    async def aclose(self) -> None:
        """Nothing: it asks over the nodes' own connections."""


async def slots_of(redis: Redis, address: Address) -> tuple[bool, Sequence[Owner]]:
    """Whether the node at `address` thinks that all is well, and who it says keeps what."""
    async with redis.pipeline(transaction=False) as pipeline:
        pipeline.execute_command("CLUSTER INFO")
        pipeline.execute_command("CLUSTER SLOTS")
        info, slots = await pipeline.execute()
    return info.get("cluster_state") == "ok", [_owner(entry, address[0]) for entry in slots]


def _owner(entry: Sequence[Any], asked: str) -> Owner:
    first, last, (host, port, *_) = entry[:3]
    # A node that does not know its own name says none: it is the one that was asked.
    name = (host.decode() if isinstance(host, bytes) else host) or asked
    return Owner(int(first), int(last), (name, int(port)))
