"""What a storm of refused tokens costs the other accounts: python -m bench.storm [SECONDS].

Two gateways side by side with the same load: 1 000 clients of ten accounts each. Behind one of
them WeChat refuses every token of five accounts (40001). The calm accounts' p99 there may be 1.5 ×
that of the same accounts at the other gateway.
"""

import asyncio
import json
import re
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import uvloop

from bench.load import closing, exchange, ready
from bench.processes import cpu_s, listening, started
from bench.served import KEY, served
from bench.sink import Sink

ACCOUNTS = [f"wx000000000000000{n}" for n in range(10)]
STORMY = frozenset(ACCOUNTS[:5])
CLIENTS, EVERY_S, WARM_UP_S = 1_000, 5.0, 5.0
PATH = "/cgi-bin/material/get_material"  # never kept by the response cache
_APP_ID = re.compile(rb"wx0{15}[0-9]")
_FORCED: dict[str, int] = {}


class Weather(Sink):
    """An upstream whose tokens name their account."""

    storm = False

    def data_received(self, data: bytes) -> None:
        found = _APP_ID.search(data)
        app_id = found[0].decode() if found else ""
        if b"/forced" in data:
            self.answer(json.dumps(_FORCED).encode())
        elif b"stable_token" in data:
            _FORCED[app_id] = _FORCED.get(app_id, 0) + (b'"force_refresh":true' in data)
            token = f"92_{app_id}_{_FORCED[app_id]}"
            self.answer(f'{{"access_token":"{token}","expires_in":7200}}'.encode())
        elif self.storm and app_id in STORMY:
            self.answer(b'{"errcode":40001,"errmsg":"invalid credential"}')
        else:
            self.answer(b'{"total_count":1}')


async def upstream(port: int, *, storm: bool) -> None:
    Weather.storm = storm
    server = await asyncio.get_running_loop().create_server(Weather, "127.0.0.1", port)
    await server.serve_forever()


def request(account: str) -> bytes:
    body = b'{"media_id":"x"}'
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Wxgate-Account: {account}\r\n"
        f"Authorization: Bearer {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def client(port: int, account: str, until: float, offset_s: float) -> list[float]:
    """Seconds that each call took, one every five seconds."""
    took: list[float] = []
    await asyncio.sleep(offset_s)
    with closing([await asyncio.open_connection("127.0.0.1", port)]) as (stream,):
        while time.monotonic() < until:
            begun = time.monotonic()
            answer = await exchange(stream, request(account))
            if account not in STORMY and b"total_count" not in answer:
                raise SystemExit(f"a calm account was answered {answer!r}")
            took.append(time.monotonic() - begun)
            await asyncio.sleep(EVERY_S - took[-1] if took[-1] < EVERY_S else 0)
    return took


async def load(port: int, seconds: float) -> list[float]:
    """The sorted times of the calm accounts, without their first calls."""
    until = time.monotonic() + WARM_UP_S + seconds
    each = CLIENTS // len(ACCOUNTS)
    clients = [
        (app_id, client(port, app_id, until, EVERY_S * (n + at / each) / len(ACCOUNTS)))
        for n, app_id in enumerate(ACCOUNTS)
        for at in range(each)
    ]
    times = await asyncio.gather(*(work for _, work in clients))
    calm = (
        took[1:] for (app_id, _), took in zip(clients, times, strict=True) if app_id not in STORMY
    )
    return sorted(second for took in calm for second in took)


async def main(seconds: float) -> int:
    accounts = [
        {"name": f"a{n}", "app_id": app_id, "app_secret": "x"} for n, app_id in enumerate(ACCOUNTS)
    ]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        fronts: dict[str, tuple[int, int, psutil.Process]] = {}
        for kind in ("calm", "storm"):
            sink, _ = stack.enter_context(started("bench.storm", kind))
            front, process = stack.enter_context(served(sink, Path(name), accounts=accounts))
            fronts[kind] = sink, front, process
        await asyncio.gather(
            *(listening(port) for sink, front, _ in fronts.values() for port in (sink, front))
        )
        await asyncio.gather(*(ready(front) for _, front, _ in fronts.values()))
        before = {kind: cpu_s(process) for kind, (_, _, process) in fronts.items()}
        times = await asyncio.gather(*(load(front, seconds) for _, front, _ in fronts.values()))
        cpu = {kind: cpu_s(process) - before[kind] for kind, (_, _, process) in fronts.items()}
        with closing([await asyncio.open_connection("127.0.0.1", fronts["storm"][0])]) as (stream,):
            told = await exchange(stream, b"GET /forced HTTP/1.1\r\nHost: x\r\n\r\n")
    forced = max(json.loads(told).values())
    return report(dict(zip(fronts, times, strict=True)), cpu, forced)


def report(times: dict[str, list[float]], cpu: dict[str, float], forced: int) -> int:
    calm, storm = (times[kind] for kind in ("calm", "storm"))
    p50, p99 = (
        storm[int(len(storm) * share)] / calm[int(len(calm) * share)] for share in (0.5, 0.99)
    )
    print(
        f"{len(calm)} and {len(storm)} calls of calm accounts; beside a storm p50 {p50:.2f} ×, "
        f"p99 {p99:.2f} × (limit 1.5), CPU of the gateway {cpu['storm'] / cpu['calm']:.2f} ×; "
        f"forced refreshes of one account: {forced}"
    )
    return 0 if p99 <= 1.5 and forced <= 20 else 1


if __name__ == "__main__":
    if len(sys.argv) > 2:
        uvloop.run(upstream(int(sys.argv[1]), storm=sys.argv[2] == "storm"))
    else:
        sys.exit(uvloop.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60)))
