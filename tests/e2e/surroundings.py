"""A gateway with every door open, and all around it that it must not lead to.

Two processes, since a forward proxy has one mode. Behind them is a WeChat that keeps what it is
sent; beside it stand a trap, which counts who comes, and a picture host that sends on to the trap.
"""

import asyncio
import base64
import json
import ssl
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Container, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sandbox.settings import VERIFIED
from server.forward.answer import ESTABLISHED
from tests.conftest import free_port
from tests.e2e.conftest import KEY
from tests.e2e.processes import serve, write_toml
from tests.faults.doors import connected
from tests.faults.recorder import Recorder, recording
from tests.faults.wire import Answer, Wire

API, MP = "api.weixin.qq.com", "mp.weixin.qq.com"
ORIGIN = "https://md.example.com"
PICTURES = "127.0.0.2"  # the one address that pictures may come from
CALLBACK_TOKEN = "callbackToken"
WRONG_KEY = "wxg_nobody_0123456789abcdefghijklmn"
NAMES = {
    "localhost": "127.0.0.1",
    "inside.example": "127.0.0.1",
    f"{API}.evil.example": "127.0.0.1",
    "metadata.google.internal": "169.254.169.254",
    "pictures.example": PICTURES,
    MP: "127.0.0.1",
}


Enter = Callable[[], AbstractAsyncContextManager[Wire]]


class Trap:
    """Where nobody may come."""

    def __init__(self) -> None:
        self.visits = 0
        self.port = 0

    async def serve(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()


class Row(NamedTuple):
    """A line of the table: which door, who stands before it, and what is tried."""

    door: str
    who: str
    what: str


@dataclass
class Surroundings:
    """Ports, and what was tried of them."""

    port: int
    inspecting: int  # port of the forward proxy of the same process
    tunnelling: int  # of the other one's
    ca: Path
    wechat: Recorder
    trap: Trap
    pictures: int  # port of the picture host
    notes: tuple[Path, ...]
    tried: defaultdict[Row, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    leaks: list[str] = field(default_factory=list)

    async def attempt(
        self, row: Row, data: bytes, enter: Enter, may_pass: Container[str] = (),
        *, cases: int = 1,
    ) -> Answer | None:  # fmt: skip
        """Say `data` at a door; nothing may come of it but calls of `may_pass`."""
        before, visits = len(self.wechat.requests), self.trap.visits
        async with enter() as one:
            await one.send(data)
            answer: Answer | None = await one.answer(data.partition(b" ")[0].decode("latin-1"))
        said = "cut off" if answer is None else f"{answer.status} {answer.code}".strip()
        self.tried[row][said] += cases
        reached = [head.split(b" ", 2)[1] for head, _ in self.wechat.requests[before:]]
        passed = [path for path in reached if path.decode().split("?")[0] not in may_pass]
        if passed or self.trap.visits > visits or self.established(answer):
            self.leaks.append(f"{row}: {data[:200]!r} → {said}, {passed}")
        return answer

    @staticmethod
    def established(answer: Answer | None) -> bool:
        """Whether a CONNECT was let through."""
        return answer is not None and answer.status == 200 and answer.headers == {}

    def at_home(self) -> AbstractAsyncContextManager[Wire]:
        """A connection to the gateway's own port."""
        return self.at(self.port)

    @asynccontextmanager
    async def at(self, port: int) -> AsyncIterator[Wire]:
        """A connection to a port of it."""
        async with connected(port) as streams:
            yield Wire(*streams)

    @asynccontextmanager
    async def inside(self, host: str = API) -> AsyncIterator[Wire]:
        """A connection through the proxy that inspects."""
        async with connected(self.inspecting) as (reader, writer):
            writer.write(connect(f"{host}:443", KEY))
            assert await reader.readexactly(len(ESTABLISHED)) == ESTABLISHED
            trusting = ssl.create_default_context(cafile=str(self.ca))
            await writer.start_tls(trusting, server_hostname=host)
            yield Wire(reader, writer)

    def connections(self) -> set[tuple[str, int]]:
        """Wherever the processes have connected to."""
        lines = "".join(notes.read_text("utf-8") for notes in self.notes).splitlines()
        return {(host, int(port)) for host, port in (line.split() for line in lines)}

    def table(self) -> str:
        """What was tried, with the answers."""
        lines = ["| door | who | what | cases | answers |", "|---|---|---|---:|---|"]
        for row, answers in sorted(self.tried.items()):
            told = ", ".join(f"{said} ×{count}" for said, count in answers.most_common(6))
            lines.append(f"| {row.door} | {row.who} | {row.what} | {answers.total()} | {told} |")
        return "\n".join([*lines, f"{self.cases} cases, {len(self.leaks)} got through"])

    @property
    def cases(self) -> int:
        """How many were tried."""
        return sum(answers.total() for answers in self.tried.values())


def connect(target: str, key: str) -> bytes:
    """A CONNECT by the client whose key it is; by nobody without one."""
    said = base64.b64encode(f"{key.split('_')[1]}:{key}".encode()).decode() if key else ""
    line = f"Proxy-Authorization: Basic {said}\r\n" if key else ""
    return f"CONNECT {target} HTTP/1.1\r\n{line}\r\n".encode()


def said(
    verb: str, path: str, key: str = "", body: bytes = b"", host: str = "127.0.0.1",
    headers: Mapping[str, str] = {},
) -> bytes:  # fmt: skip
    """A request."""
    named = dict(headers)
    if key:
        named |= {"Authorization": f"Bearer {key}", "X-Wxgate-Account": "main"}
    if body:
        named = {"Content-Type": "application/json", **named, "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"{verb} {path} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n".encode() + body


def _configuration(home: Path, mode: str, ports: Mapping[str, int], wechat: str) -> dict[str, Any]:
    url = f"http://127.0.0.1:{ports['home']}"
    both = [80, 443, ports["trap"], ports["pictures"]]
    return {
        "server": {
            "listen": url[7:], "public_url": url, "data_dir": str(home),
            "control_rate_limit": "60000/minute",
        },
        "auth": {"failures_per_minute": 1_000, "address_failures_per_minute": 10_000},
        "upstream": {
            "base_urls": [wechat],
            "mp_base_url": wechat if mode == "inspect" else f"https://{MP}",
        },
        "relay": {"cors_origins": [ORIGIN]},
        "fetch": {"allow_networks": [f"{PICTURES}/32"], "allow_ports": both, "timeout_s": 5},
        "webhooks": {"max_per_client": 200},
        "forward": {"listen": f"127.0.0.1:{ports[mode]}", "mode": mode},
        "wenyan": {"enabled": True, "wait_s": 20},
        "mcp": {"enabled": True},
        "log": {"level": "error"},
        "accounts": [
            {
                "name": "main", "app_id": VERIFIED.app_id, "app_secret": VERIFIED.app_secret,
                "callback_token": CALLBACK_TOKEN,
            }
        ],
        "clients": [
            {
                "id": "blog", "key": KEY, "accounts": ["main"], "rate_limit": "100000/minute",
                "scopes": [
                    *("relay:read", "relay:write", "material", "draft", "publish", "mass"),
                    *("stats", "notify", "admin"),
                ],
            },
            {"id": "weak", "key": KEY.replace("blog", "weak"), "accounts": ["main"], "scopes": ["stats"]},
        ],
    }  # fmt: skip


@asynccontextmanager
async def surrounded(folder: Path) -> AsyncIterator[Surroundings]:
    """All of it, running."""
    trap = Trap()
    async with AsyncExitStack() as stack:
        wechat = await stack.enter_async_context(recording())
        server = await asyncio.start_server(trap.serve, "127.0.0.1", 0)
        await stack.enter_async_context(server)
        trap.port = server.sockets[0].getsockname()[1]
        elsewhere = f"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:{trap.port}/\r\n\r\n".encode()

        async def send_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(elsewhere)
            writer.close()

        pictures = await asyncio.start_server(send_on, PICTURES, 0)
        await stack.enter_async_context(pictures)
        ports = {name: free_port() for name in ("home", "inspect", "tunnel", "spare")}
        ports |= {"trap": trap.port, "pictures": pictures.sockets[0].getsockname()[1]}
        (folder / "names").write_text(json.dumps(NAMES))
        for mode in ("inspect", "tunnel"):
            home = ports["home" if mode == "inspect" else "spare"]
            config = _configuration(folder / mode, mode, {**ports, "home": home}, wechat.url)
            write_toml(folder / f"{mode}.toml", config)
            program = (sys.executable, "-m", "tests.e2e.alone", str(folder / "names"))
            await stack.enter_async_context(
                serve(
                    folder / f"{mode}.toml",
                    f"http://127.0.0.1:{home}",
                    KEY,
                    program=(*program, str(folder / f"{mode}.notes")),
                )
            )
        yield Surroundings(
            *(ports["home"], ports["inspect"], ports["tunnel"]),
            folder / "inspect" / "ca" / "ca.pem",
            *(wechat, trap, ports["pictures"]),
            tuple(folder / f"{mode}.notes" for mode in ("inspect", "tunnel")),
        )
