"""`wxgate serve` as an operator runs it: a process of its own, from a TOML file."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

import httpx

_START_S = 60  # of a machine that has much else to do
WXGATE = (sys.executable, "-m", "server")


def write_toml(path: Path, config: Mapping[str, Any]) -> None:
    """The configuration as TOML; values are what tests use: text, numbers, lists of them."""
    lines: list[str] = []
    for section, values in config.items():
        for table in values if isinstance(values, list) else [values]:
            lines.append(f"[[{section}]]" if isinstance(values, list) else f"[{section}]")
            lines += [f"{key} = {_literal(value)}" for key, value in table.items()]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


class Served:
    """A running `wxgate serve`."""

    def __init__(self, process: asyncio.subprocess.Process, http: httpx.AsyncClient) -> None:
        self.process = process
        self.http = http

    async def ready(self) -> None:
        """Wait until it listens, or is gone."""
        async with asyncio.timeout(_START_S):
            while self.process.returncode is None:
                try:
                    await self.http.get("/health/live")
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                else:
                    return

    async def gone(self) -> int:
        """Wait for its end; the exit status, negative for a signal."""
        async with asyncio.timeout(_START_S):
            return await self.process.wait()

    async def ended(self, job_id: str) -> dict[str, Any]:
        """Wait for the job's end."""
        async with asyncio.timeout(_START_S):
            while True:
                job: dict[str, Any] = (await self.http.get(f"/v1/jobs/{job_id}")).json()
                if job["state"] in ("succeeded", "failed", "needs_review", "cancelled"):
                    return job
                await asyncio.sleep(0.1)


@asynccontextmanager
async def serve(
    config: Path,
    url: str,
    key: str,
    environment: Mapping[str, str] | None = None,
    *,
    stderr: IO[bytes] | None = None,
    program: Sequence[str] = WXGATE,
) -> AsyncIterator[Served]:
    """Start it, wait until it listens, and end it by SIGTERM."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WXGATE_")}
    process = await asyncio.create_subprocess_exec(
        *(*program, "serve", "--config", str(config)),
        env={**clean, **(environment or {})},
        stderr=stderr,
    )
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as http:
        served = Served(process, http)
        try:
            await served.ready()
            yield served
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await served.gone()
