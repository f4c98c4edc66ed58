"""How a tool is started and spoken to: a process that takes commands and answers with JSON."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ANSWER_S = 60
# What this machine says of proxies and certificates is not the tool's.
_NOT_PASSED_ON = ("_proxy", "_ca_bundle", "ssl_cert_file", "node_extra_ca_certs")


@dataclass(frozen=True)
class Started:
    """How a driver is started."""

    command: tuple[str | Path, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


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

    async def shown(self, command: str) -> str:
        """What the tool shows when a command fails, as it must."""
        answer = await self.ask(command)
        assert "error" in answer, (command, answer)
        return str(answer["error"])


@asynccontextmanager
async def running(
    started: Started, environment: Mapping[str, str], folder: Path
) -> AsyncIterator[Tool]:
    """Run a driver in `folder`, told by `environment` where to call and as whom."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith(_NOT_PASSED_ON)
    }
    process = await asyncio.create_subprocess_exec(
        *started.command,
        cwd=folder,
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
