"""Gateways in process before sandboxes that misbehave; calls by a client that knows statuses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from proxy.breaker import BreakerRules
from proxy.upstream import UpstreamSettings
from sandbox.server import RunningSandbox
from tests.gateway import BOTH_KEY, CLIENTS, Gateway, Setup, open_gateway

COUNT, BATCHGET = "/cgi-bin/draft/count", "/cgi-bin/draft/batchget"
ADD, SUBMIT = "/cgi-bin/draft/add", "/cgi-bin/freepublish/submit"
STABLE = "/cgi-bin/stable_token"
_UNBOUNDED = {"max_concurrent": 10_000, "rate_limit": "1000000/minute"}
NEVER = BreakerRules(min_calls=10**9)


@dataclass(frozen=True)
class Front:
    """A gateway and a caller of it, for the account main unless told otherwise."""

    gateway: Gateway
    http: httpx.AsyncClient

    async def ask(
        self, path: str, json: Any = None, *, account: str = "main", **headers: str
    ) -> httpx.Response:
        method = "GET" if json is None else "POST"
        said = {"X-Wxgate-Account": account, **headers}
        return await self.http.request(method, path, json=json, headers=said)

    def metric(self, line: str) -> float:
        """The value of a sample, 0 if it is not there."""
        shown = self.gateway.metrics.render().decode().splitlines()
        return next((float(found[len(line) :]) for found in shown if found.startswith(line)), 0.0)


def code_of(answer: httpx.Response) -> str:
    """Of our own refusals; empty for what is none."""
    return str(answer.json().get("error", {}).get("code", ""))


@asynccontextmanager
async def front(
    data_dir: Path, *base_urls: str, breaker: BreakerRules | None = None, **upstream: Any
) -> AsyncIterator[Front]:
    """A gateway before these hosts."""
    settings = {"base_urls": base_urls, "mp_base_url": base_urls[0], "timeout_s": 2, **upstream}
    clients = tuple(client.model_copy(update=_UNBOUNDED) for client in CLIENTS)
    setup = Setup(UpstreamSettings(**settings), data_dir, breaker=breaker, clients=clients)
    async with (
        open_gateway(setup) as gateway,
        gateway.client(authorization=f"Bearer {BOTH_KEY}") as http,
    ):
        yield Front(gateway, http)


class Door:
    """Another way to a sandbox that can be shut: a host of its own."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self._to = urlsplit(sandbox.url)
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._port = 0
        self.opened = 0  # connections

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Connections that are open are cut, new ones refused."""
        if self._server is not None:
            self._server.close()
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.sleep(0.05)  # the other end has to notice
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        first = await reader.read(65_536)
        if not first.startswith((b"GET ", b"POST ")):
            writer.close()  # another test's program, whose own server had this port before
            return
        self.opened += 1
        inside = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._writers.append(inside[1])
        inside[1].write(first)
        await asyncio.gather(_copy(reader, inside[1]), _copy(inside[0], writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def door(sandbox: RunningSandbox) -> AsyncIterator[Door]:
    """An open Door."""
    opened = Door(sandbox)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.shut()
