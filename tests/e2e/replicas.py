"""Several `wxgate serve` on one PostgreSQL and one Redis, and a balancer before them."""

import asyncio
import itertools
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from core.tasks import TaskSet
from tests.conftest import free_port
from tests.e2e.processes import WXGATE, write_toml

_START_S = 300  # of a machine that has much else to do
_CHUNK = 65_536


class Replica:
    """One `wxgate serve`: a process that is killed, stopped and started again."""

    def __init__(self, name: str, config: Path, port: int, program: Sequence[str]) -> None:
        self.name = name
        self.config = config
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = config.with_suffix(".log")  # what all of its processes wrote
        self.process: asyncio.subprocess.Process | None = None
        self.paused = False
        self.ready_s: list[float] = []  # how long each start took
        self._program = program

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self.process is not None
        return self.process.pid

    async def start(self, *, insist: bool = False) -> None:
        """Start a process and wait until it is ready; `insist`: another one for one that gave up,
        as a supervisor does."""
        began = time.monotonic()
        async with asyncio.timeout(_START_S):
            await self._spawn()
            while not await self.is_ready():
                assert self.process is not None
                if self.process.returncode is not None:
                    assert insist, self.log.read_text("utf-8")
                    await self._spawn()
                await asyncio.sleep(0.05)
        self.ready_s.append(time.monotonic() - began)

    async def _spawn(self) -> None:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("WXGATE_")}
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(*self._program, "serve", "--config", str(self.config)), env=clean, stderr=log
            )

    async def is_ready(self) -> bool:
        """What its own /health/ready says; no is also what a stopped one says."""
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
                return (await http.get(f"{self.url}/health/ready")).status_code == 200
        except httpx.TransportError:
            return False

    def pause(self) -> None:
        """SIGSTOP: it holds what it holds, and does nothing."""
        os.kill(self.pid, signal.SIGSTOP)
        self.paused = True

    def resume(self) -> None:
        """SIGCONT: it goes on as if no time had passed."""
        os.kill(self.pid, signal.SIGCONT)
        self.paused = False

    async def end(self, sign: int = signal.SIGKILL) -> int:
        """Send that signal and wait for the end; the exit status, negative for a signal."""
        assert self.process is not None
        process, self.process = self.process, None
        with suppress(ProcessLookupError):
            process.send_signal(sign)
            if self.paused:
                process.send_signal(signal.SIGCONT)
        self.paused = False
        async with asyncio.timeout(_START_S):
            return await process.wait()


class Balancer:
    """A port whose connections go to the replicas by turns; to the next where nobody listens.

    It knows nothing of HTTP and of health: to a stopped replica one waits, as behind any balancer
    that has not noticed yet.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._turn = itertools.count()
        self._tasks = TaskSet()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        await self._tasks.aclose()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.start(self._serve(reader, writer), name="balance a connection")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = next(self._turn)
        try:
            for number in range(len(self._ports)):
                port = self._ports[(first + number) % len(self._ports)]
                with suppress(OSError):
                    there = await asyncio.open_connection("127.0.0.1", port)
                    await _join((reader, writer), there)
                    return
        finally:
            writer.close()


_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _join(here: _Streams, there: _Streams) -> None:
    """Carry bytes both ways until either side ends."""
    ways = TaskSet()
    try:
        onward = ways.start(_carry(here[0], there[1]), name="onward")
        back = ways.start(_carry(there[0], here[1]), name="back")
        await asyncio.wait([onward, back], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await ways.aclose()
        there[1].close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()


@dataclass(frozen=True)
class Replicas:
    """All of them, and what callers use."""

    each: list[Replica]
    url: str  # the balancer's
    http: httpx.AsyncClient  # through the balancer; each request is a connection of its own
    directory: Path
    config: Mapping[str, Any] = field(default_factory=dict)  # what they have in common

    def __getitem__(self, number: int) -> Replica:
        return self.each[number]

    def to(self, number: int, **options: Any) -> httpx.AsyncClient:
        """A caller of this one; to be closed."""
        return httpx.AsyncClient(
            base_url=self.each[number].url, trust_env=False, **{"timeout": 30, **options}
        )

    async def start(self) -> None:
        """Start all that do not run."""
        await asyncio.gather(*(each.start() for each in self.each if each.process is None))


def never_started(
    directory: Path,
    config: Mapping[str, Any],
    *,
    count: int,
    public_url: str,
    program: Sequence[str] = WXGATE,
    data_dir: Path | None = None,
) -> list[Replica]:
    """Replicas with a configuration each: `config` with a port, and a data_dir unless all share
    `data_dir`. They share the master key, and count on each other for limits."""
    master_key = directory / "master.key"
    if not master_key.exists():
        master_key.write_text(secrets.token_hex(32), "ascii")
        master_key.chmod(0o600)
    made = []
    for number in range(1, count + 1):
        port, path = free_port(), directory / f"replica{number}.toml"
        own: dict[str, dict[str, Any]] = {
            "server": {
                "data_dir": str(data_dir or directory / f"data{number}"),
                "listen": f"127.0.0.1:{port}",
                "public_url": public_url,
            },
            "secrets": {"master_key_file": str(master_key)},
            "redis": {"gateways": count},
        }
        write_toml(path, _merged(config, own))
        made.append(Replica(f"replica{number}", path, port, program))
    return made


def _merged(config: Mapping[str, Any], own: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {**config, **{name: {**config.get(name, {}), **own[name]} for name in own}}


@asynccontextmanager
async def open_replicas(
    directory: Path,
    config: Mapping[str, Any],
    *,
    count: int = 3,
    program: Sequence[str] = WXGATE,
    data_dir: Path | None = None,
    start: bool = True,
    http: Callable[[str], httpx.AsyncClient] | None = None,
) -> AsyncIterator[Replicas]:
    """Replicas that are ready (unless told not to `start`); at the end they get a SIGTERM.

    `config` names a migrated PostgreSQL in `[database]` and, as a rule, a Redis in `[redis]`.
    """
    ports: list[int] = []
    async with AsyncExitStack() as stack:
        balancer = await stack.enter_async_context(Balancer(ports))
        each = never_started(
            directory,
            config,
            count=count,
            public_url=balancer.url,
            program=program,
            data_dir=data_dir,
        )
        ports += [replica.port for replica in each]
        client = (http or _each_its_own_connection)(balancer.url)
        replicas = Replicas(each, balancer.url, client, directory, config)
        stack.push_async_callback(_end_all, each)
        await stack.enter_async_context(client)
        if start:
            await replicas.start()
        yield replicas


def _each_its_own_connection(url: str) -> httpx.AsyncClient:
    once = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(base_url=url, limits=once, timeout=30, trust_env=False)


async def _end_all(each: Sequence[Replica]) -> None:
    running = [replica for replica in each if replica.process is not None]
    await asyncio.gather(*(replica.end(signal.SIGTERM) for replica in running))
