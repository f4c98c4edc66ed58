import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from cache.nodes import ALL_SLOTS, LayoutUnknown, Owner
from cache.redis_url import Address


class Sentinels:
    """The Layout of a master with replicas: its Sentinels say who the master is.

    All are asked. One that was cut off, or has just been started, may name a former master: who
    has seen the latest failover (`config-epoch`) is believed.
    """

    def __init__(self, clients: Mapping[Address, Redis], service: str) -> None:
        self._clients = clients
        self.service = service

    async def owners(self, client_of: Callable[[Address], Redis]) -> Sequence[Owner]:  # noqa: ARG002
        """The master."""
        told = await self.ask()
        states = [state for state in told.values() if not isinstance(state, Exception)]
        if not states:
            raise LayoutUnknown("; ".join(sorted({str(why)[:100] for why in told.values()})))
        latest = max(states, key=lambda state: int(state["config-epoch"]))
        return [Owner(0, ALL_SLOTS - 1, (str(latest["ip"]), int(latest["port"])))]

    async def ask(self) -> dict[Address, dict[str, Any] | Exception]:
        """What each Sentinel says of the master, or why it says nothing."""
        answers = await asyncio.gather(*map(self._ask, self._clients.values()))
        return dict(zip(self._clients, answers, strict=True))

    async def _ask(self, sentinel: Redis) -> dict[str, Any] | Exception:
        try:
            # redis-py makes a dictionary of it.
            return await sentinel.execute_command(  # type: ignore[no-any-return,no-untyped-call]
                "SENTINEL MASTER", self.service
            )
        except (RedisError, OSError) as exc:
            return exc

    async def aclose(self) -> None:
        """Close the connections to the Sentinels."""
        for client in self._clients.values():
            await client.aclose()
