"""Four cold gateways, 200 token requests at once on each: python -m bench.tokens.

What must hold: one call to WeChat, the slowest request ≤1.3 × its latency; with Redis killed
meanwhile no failure and at most one call a gateway.
"""

import asyncio
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import uvloop

from bench.load import Stream, ready
from bench.processes import listening, started
from bench.served import KEY, served
from tests.conftest import RedisServer

GATEWAYS, REQUESTS, LATENCY_S = 4, 200, 0.5
_REQUEST = (
    f"GET /cgi-bin/token?grant_type=client_credential&appid=main&secret={KEY} HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\n\r\n"
).encode()


async def ask(stream: Stream) -> tuple[float, str]:
    """Seconds it took, and what was wrong with the answer."""
    reader, writer = stream
    begun = time.perf_counter()
    writer.write(_REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    body = await reader.readexactly(length)
    seconds = time.perf_counter() - begun
    return seconds, "" if b'"access_token"' in body else body.decode()


async def run(*, kill_redis: bool) -> bool:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        redis = RedisServer(Path(name))
        redis.start()
        stack.callback(redis.kill)
        sandbox, _ = stack.enter_context(started("bench.sandbox", str(LATENCY_S)))
        url = f"http://127.0.0.1:{sandbox}"
        (Path(name) / "master.key").write_text("5a" * 32)
        shared = {
            "redis": {"url": redis.url},
            "secrets": {"master_key_file": f"{name}/master.key"},
        }
        ports = [
            stack.enter_context(served(sandbox, Path(name), shared))[0] for _ in range(GATEWAYS)
        ]
        await asyncio.gather(*(listening(port) for port in (sandbox, *ports)))
        await asyncio.gather(*(ready(port) for port in ports))
        streams = [
            await asyncio.open_connection("127.0.0.1", port)
            for port in ports
            for _ in range(REQUESTS)
        ]
        asking = asyncio.gather(*(ask(stream) for stream in streams))
        if kill_redis:
            await asyncio.sleep(LATENCY_S / 2)
            redis.kill()
        answers = await asking
        for _, writer in streams:
            writer.close()
        with urlopen(f"{url}/sandbox/calls") as said:
            calls = json.load(said)["by_path"].get("/cgi-bin/stable_token", 0)
    return report(answers, calls, kill_redis=kill_redis)


def report(answers: list[tuple[float, str]], calls: int, *, kill_redis: bool) -> bool:
    seconds = sorted(took for took, _ in answers)
    wrong = [problem for _, problem in answers if problem]
    name = "Redis killed meanwhile" if kill_redis else "Redis up"
    print(
        f"{name}: {len(answers)} requests, {calls} upstream token calls, {len(wrong)} failed, "
        f"median {seconds[len(seconds) // 2] / LATENCY_S:.2f} × latency, "
        f"slowest {seconds[-1] / LATENCY_S:.2f} × latency"
    )
    for problem in sorted(set(wrong)):
        print("  ", problem)
    if kill_redis:
        return not wrong and calls <= GATEWAYS
    return not wrong and calls == 1 and seconds[-1] <= 1.3 * LATENCY_S


async def main() -> int:
    good = [await run(kill_redis=False), await run(kill_redis=True)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
