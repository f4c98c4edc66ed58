"""Twenty uploads of 10 MB at once through the relay: python -m bench.uploads.

What must hold: the gateway's peak RSS grows by ≤40 MB, although 200 MB pass through it.
"""

import asyncio
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import uvloop

from bench.load import closing, exchange, post, virtual_token
from bench.processes import cpu_s, listening, started
from bench.served import served

UPLOADS, FILE_BYTES, LIMIT_MB = 20, 10_000_000, 40
PATH = "/cgi-bin/material/add_material"


def peak_mb(process: psutil.Process) -> float:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1_024
    raise SystemExit("no VmHWM: this benchmark needs Linux")


async def main() -> int:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        sink, _ = stack.enter_context(started("bench.sink"))
        port, gateway = stack.enter_context(served(sink, Path(name)))
        await asyncio.gather(listening(sink), listening(port))
        token = await virtual_token(port)
        boundary = "b" * 32
        form = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="media"; filename="a.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        ).encode() + os.urandom(FILE_BYTES)
        form += f"\r\n--{boundary}--\r\n".encode()
        request = post(PATH, token, form, f"multipart/form-data; boundary={boundary}")
        streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(UPLOADS)]
        before_mb, before_s, begun = peak_mb(gateway), cpu_s(gateway), time.perf_counter()
        with closing(streams):
            answers = await asyncio.gather(*(exchange(stream, request) for stream in streams))
        seconds = time.perf_counter() - begun
        grown = peak_mb(gateway) - before_mb
        left = list((Path(name) / str(port) / "tmp").iterdir())
        rate = UPLOADS * FILE_BYTES / 1e6 / seconds
        good = sum(b'"total_count"' in answer for answer in answers)
        print(
            f"{good}/{UPLOADS} uploads of {FILE_BYTES / 1e6:.0f} MB: peak RSS {before_mb:.0f} → "
            f"{before_mb + grown:.0f} MB (+{grown:.1f}), {rate:.0f} MB/s, "
            f"{(cpu_s(gateway) - before_s) / UPLOADS * 1_000:.0f} ms CPU each, "
            f"{len(left)} files left"
        )
    return 0 if good == UPLOADS and grown <= LIMIT_MB and not left else 1


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
