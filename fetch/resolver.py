import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Protocol

from fetch.addresses import Address

_THREADS = 16


class Resolver(Protocol):
    """Finds all addresses of a host's name; raises OSError when there is none."""

    async def resolve(self, host: str, port: int) -> list[Address]:
        """The addresses in the order in which to try them."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


class SystemResolver:
    """The system's own resolver, in threads of its own.

    A lookup cannot be cancelled: in the event loop's shared threads, a few dozen slow ones would
    stop everything else that runs there.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolver")

    async def resolve(self, host: str, port: int) -> list[Address]:
        """The addresses in the order of RFC 6724."""
        loop = asyncio.get_running_loop()
        answers = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers]

    def close(self) -> None:
        """Let the threads go; does not wait for lookups under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)
