import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fetch.deadline import Deadline
from fetch.errors import HostBusy
from fetch.urls import Target, shown


class Turns:
    """Care for the hosts: a few connections to each at once, and none while one wants a pause."""

    def __init__(self, connections: int) -> None:
        """`connections`: to one host at once."""
        self._connections = connections
        self._hosts: dict[str, _Host] = {}

    def __len__(self) -> int:
        """How many hosts are known just now."""
        return len(self._hosts)

    @asynccontextmanager
    async def turn(self, target: Target, deadline: Deadline) -> AsyncIterator[None]:
        """Hold one of the connections to the host of `target`.

        Waiting for it is not the host's time; the pause that it asked for is. Raises HostBusy if
        that is longer than `deadline`.
        """
        host = self._hosts.setdefault(target.host, _Host(self._connections))
        host.users += 1
        try:
            with deadline.paused():
                await host.slots.acquire()
            try:
                await _sit_out(host, target, deadline)
                yield
            finally:
                host.slots.release()
        finally:
            host.users -= 1
            self._forget(target.host)

    def pause(self, target: Target, seconds: float) -> None:
        """Leave the host alone for so long."""
        loop = asyncio.get_running_loop()
        host = self._hosts.setdefault(target.host, _Host(self._connections))
        host.not_before = max(host.not_before, loop.time() + seconds)
        loop.call_at(host.not_before, self._forget, target.host)

    def _forget(self, name: str) -> None:
        host = self._hosts.get(name)
        now = asyncio.get_running_loop().time()
        if host is not None and not host.users and host.not_before <= now:
            del self._hosts[name]


class _Host:
    def __init__(self, connections: int) -> None:
        self.slots = asyncio.Semaphore(connections)
        self.users = 0
        self.not_before = 0.0  # by the loop's clock


async def _sit_out(host: _Host, target: Target, deadline: Deadline) -> None:
    loop = asyncio.get_running_loop()
    while (pause_s := host.not_before - loop.time()) > 0:
        if pause_s >= deadline.left_s:
            raise HostBusy(url=shown(target.url), retry_after_s=pause_s)
        await asyncio.sleep(pause_s)
