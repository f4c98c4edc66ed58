import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

from wxgate_client import calls
from wxgate_client.gateway import AsyncGateway

_NAMES_A_QUESTION = 1_000


class Uploads:
    """Pictures on their way to the gateway: each is sent once, whoever shows it.

    The gateway is asked first which of them it has, so that a run that was cut off goes on at
    the first file that is not there. At most `at_once` travel at the same time.
    """

    def __init__(self, gateway: AsyncGateway, at_once: int) -> None:
        self._gateway = gateway
        self._missing: set[str] = set()
        self._gate = asyncio.Semaphore(at_once)
        self._each: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def ask(self, sha256: Collection[str]) -> None:
        """Ask which of these the gateway lacks."""
        names = sorted(set(sha256))
        for start in range(0, len(names), _NAMES_A_QUESTION):
            some = names[start : start + _NAMES_A_QUESTION]
            answer = await self._gateway.do(calls.missing(some))
            self._missing.update(answer["missing"])

    async def bring(self, pictures: Mapping[str, Path]) -> None:
        """Send those of `pictures` (by SHA-256) that are missing. Raises OSError."""
        wanted = [(sha256, path) for sha256, path in pictures.items() if sha256 in self._missing]
        sent = await asyncio.gather(*(self._send(*each) for each in wanted), return_exceptions=True)
        for failure in sent:
            if failure is not None:
                raise failure

    def forget(self, pictures: Collection[str]) -> None:
        """The gateway has lost these: they are to be sent."""
        self._missing.update(pictures)

    async def _send(self, sha256: str, path: Path) -> None:
        # Another article may be sending it.
        async with self._each[sha256], self._gate:
            if sha256 in self._missing:
                data = await asyncio.to_thread(path.read_bytes)
                await self._gateway.do(calls.file(sha256, data))
                self._missing.discard(sha256)
