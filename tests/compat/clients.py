"""The clients that are tried, how each is started, and how it is spoken to."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.compat.installing import Installer

_DRIVERS = Path(__file__).parent / "drivers"
_ANSWER_S = 60


@dataclass(frozen=True)
class Started:
    """How a driver is started."""

    command: tuple[str | Path, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Client:
    """A tool as its users have it."""

    name: str
    version: str  # of the package, or how it speaks
    start: Callable[[Installer, str], Started]
    lacks: frozenset[str] = frozenset()  # commands that the tool itself has no call for

    @property
    def label(self) -> str:
        """What it is called in the table."""
        return f"{self.name} {self.version}"


def _started(*command: str | Path, **environment: str) -> Started:
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed")
    return Started(command, environment)


def _curl(_: Installer, version: str) -> Started:
    return _started("bash", _DRIVERS / "curl.sh", CALLS=version)


def _wechatpy(installer: Installer, version: str) -> Started:
    python = installer.python_with(f"wechatpy[cryptography]=={version}")
    return _started(python, _DRIVERS / "wechatpy_client.py")


def _wenyan(installer: Installer, version: str) -> Started:
    modules = installer.node_package(f"@wenyan-md/core@{version}")
    return _started(installer.node(), _DRIVERS / "wenyan_core.mjs", MODULES=str(modules))


def _co_wechat_api(installer: Installer, version: str) -> Started:
    modules = installer.node_modules(f"co-wechat-api@{version}")
    return _started(installer.node(), _DRIVERS / "co_wechat_api.mjs", MODULES=str(modules))


CLIENTS = (
    Client("curl", "token", _curl),
    Client("curl", "signed", _curl),
    Client("wechatpy", "1.8.18", _wechatpy),
    Client("wechatpy", "2.0.0a26", _wechatpy),
    Client("@wenyan-md/core", "3.0.10", _wenyan, lacks=frozenset({"publish"})),
    Client("co-wechat-api", "3.11.0", _co_wechat_api),
    Client("EasyWeChat", "6", lambda *_: _started("php", _DRIVERS / "easywechat.php")),
)


@dataclass(frozen=True)
class Wiring:
    """How a tool gets to the gateway: what it is told instead of WeChat's own address."""

    name: str
    environment: Callable[[Any], Mapping[str, str]]  # of a stand


# The forward proxy joins here: GATE_URL is then WeChat's own, and HTTPS_PROXY is ours.
WIRINGS = (Wiring("base URL", lambda stand: {"GATE_URL": stand.url}),)


class Tool:
    """A running driver."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, command: str) -> dict[str, Any]:
        """What became of a command; under `error` what the tool shows of a failure."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n".encode())
        await self._process.stdin.drain()
        async with asyncio.timeout(_ANSWER_S):
            line = await self._process.stdout.readline()
        assert line, f"the driver ended at {command}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def do(self, *commands: str) -> dict[str, Any]:
        """What became of the last of them; all must go well."""
        answer: dict[str, Any] = {}
        for command in commands:
            answer = await self.ask(command)
            assert "error" not in answer, (command, answer)
        return answer


@asynccontextmanager
async def running(started: Started, environment: Mapping[str, str]) -> AsyncIterator[Tool]:
    """Run a driver, told where to call and as whom."""
    own = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    process = await asyncio.create_subprocess_exec(
        *started.command,
        env={**own, **started.environment, **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Tool(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(_ANSWER_S):
            await process.wait()
