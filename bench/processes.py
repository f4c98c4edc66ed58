"""Starting, measuring and ending the processes of a benchmark."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil  # type: ignore[import-untyped]

from tests.conftest import free_port


@contextmanager
def started(module: str, *arguments: str) -> Iterator[tuple[int, psutil.Process]]:
    """`python -m module PORT arguments` on a free port, until the block ends."""
    port = free_port()
    child = subprocess.Popen([sys.executable, "-m", module, str(port), *arguments])
    try:
        yield port, psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait(10)


async def listening(port: int) -> None:
    for _ in range(1_500):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        await writer.wait_closed()
        return
    raise SystemExit(f"nobody listens on {port}")


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
