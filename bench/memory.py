"""The demo, a 12 MP picture and 20 pictures in 512 MB of memory: python -m bench.memory.

Runs `wxgate demo` (sandbox and gateway in one process, and its workers) in a memory cgroup of its
own; needs the right to make one (root, or a delegated cgroup v2).
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
from PIL import Image

from bench.processes import listening, started
from bench.served import served

LIMIT_BYTES = 512 * 1024 * 1024
CGROUPS = Path("/sys/fs/cgroup")


@contextmanager
def cgroup() -> Iterator[Path]:
    """A memory cgroup of 512 MB, swap included."""
    first = (CGROUPS / "memory").is_dir()
    path = (CGROUPS / "memory" if first else CGROUPS) / f"wxgate-bench-{os.getpid()}"
    path.mkdir()
    limit = "memory.limit_in_bytes" if first else "memory.max"
    (path / limit).write_text(str(LIMIT_BYTES))
    try:
        yield path
    finally:
        for _ in range(100):  # the last workers may still be on their way out
            if not (path / "cgroup.procs").read_text():
                break
            time.sleep(0.05)
        path.rmdir()


def peak_mb(path: Path) -> float:
    names = ("memory.max_usage_in_bytes", "memory.peak")
    found = next(path / name for name in names if (path / name).exists())
    return int(found.read_text()) / 1e6


def photo(width: int, height: int) -> bytes:
    out = BytesIO()
    Image.effect_noise((width, height), 90).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


async def publish(demo: dict[str, str], markdown: str, files: dict[str, bytes]) -> None:
    headers = {"Authorization": f"Bearer {demo['key']}", "Prefer": "wait=60"}
    parts = [("article", (None, json.dumps({"markdown": markdown}), "application/json"))]
    parts += [(name, (name, data, "image/jpeg")) for name, data in files.items()]  # type: ignore[misc]
    async with httpx.AsyncClient(timeout=90, trust_env=False) as http:
        url = f"{demo['gateway_url']}/v1/accounts/verified/articles"
        job = (await http.post(url, headers=headers, files=parts)).json()
    if job.get("state") != "succeeded":
        raise SystemExit(json.dumps(job, ensure_ascii=False))


async def main() -> None:
    with tempfile.TemporaryDirectory() as name, cgroup() as group, ExitStack() as stack:

        def enter() -> None:
            (group / "cgroup.procs").write_text(str(os.getpid()))

        command = [sys.executable, "-m", "server", "demo", "--json", "--data-dir", name]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=enter)  # noqa: PLW1509
        stack.callback(child.wait, 20)
        stack.callback(child.terminate)
        assert child.stdout is not None
        demo = json.loads(child.stdout.readline())
        demo["key"] = (Path(name) / "client.key").read_text()
        print(f"demo in {LIMIT_BYTES >> 20} MiB: published {demo['published']}")
        big = photo(4000, 3000)
        await publish(demo, "# 大图\n\n![](a.jpg)", {"a.jpg": big})
        print(f"12 MP picture of {len(big) / 1e6:.1f} MB: published")
        twenty = {f"{number}.jpg": photo(1100, 800 + number) for number in range(20)}
        lines = "\n\n".join(f"![]({picture})" for picture in twenty)
        await publish(demo, f"# 二十张\n\n{lines}", twenty)
        print(f"20 pictures of {sum(map(len, twenty.values())) / 1e6:.1f} MB: published")
        print(f"peak of the whole cgroup, page cache included: {peak_mb(group):.0f} MB")
    await idle()


async def idle() -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        sandbox, _ = stack.enter_context(started("bench.sandbox", "0"))
        port, process = stack.enter_context(served(sandbox, Path(name)))
        await listening(port)
        await asyncio.sleep(2)
        used: psutil.Process = process.memory_full_info()
        print(f"idle `wxgate serve`: RSS {used.rss / 1e6:.0f} MB, PSS {used.pss / 1e6:.0f} MB")


if __name__ == "__main__":
    asyncio.run(main())
