"""One sandbox process for the benchmarks: python -m bench.sandbox PORT LATENCY_S."""

import asyncio
import sys

import uvloop

from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings


async def main(port: int, latency_s: float) -> None:
    async with run_sandbox(SandboxSettings(latency_s=latency_s), port=port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2])))
