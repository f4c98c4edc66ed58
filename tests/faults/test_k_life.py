"""Overload, the end of a process, and a process that is short of files."""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx

from sandbox.faults import Fault
from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from tests.conftest import free_port
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import Served, serve, write_toml
from tests.faults.wire import COUNT, ask, get, still_serves, wire

HEADERS = {"Authorization": f"Bearer {KEY}", "X-Wxgate-Account": "main"}


async def test_176_above_its_limit_it_refuses_at_once_and_recovers(open_stand: Any) -> None:
    async with open_stand({"server": {"max_in_flight": 10}}) as stand:
        stand.sandbox.faults.add(Fault(kind="slow", path=COUNT, seconds=2, count=8))
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(ask(stand, get())) for _ in range(100)]
            async with asyncio.timeout(30):
                while sum(call.done() for call in calls) < 92:
                    await asyncio.sleep(0.01)
            assert (await stand.http.get("/health/live")).status_code == 200
        answers = [call.result() for call in calls]
        served = [answer for answer in answers if answer and answer.status == 200]
        refused = [answer for answer in answers if answer and answer.status == 503]
        assert (len(served), len(refused)) == (8, 92)
        assert {(answer.code, answer.headers["retry-after"]) for answer in refused} == {
            ("overloaded", "1")
        }
        await still_serves(stand)


async def test_179_a_heartbeat_tells_how_late_the_event_loop_is(stand: Any) -> None:
    async with asyncio.timeout(20):
        while "wxgate_loop_lag_seconds_count 0.0" in (await stand.http.get("/metrics")).text:
            await asyncio.sleep(0.1)
    assert 'wxgate_loop_lag_seconds_bucket{le="0.1"}' in (await stand.http.get("/metrics")).text


async def test_180_fifty_calls_under_way_end_before_the_process_does(tmp_path: Path) -> None:
    async with run_sandbox(SandboxSettings()) as sandbox:
        config = configuration(sandbox, tmp_path / "data", free_port())
        write_toml(tmp_path / "gate.toml", config)
        url = config["server"]["public_url"]
        sandbox.faults.add(Fault(kind="slow", path=COUNT, seconds=3, count=50))
        async with serve(tmp_path / "gate.toml", url, KEY) as served:
            async with AsyncExitStack() as stack:
                wires = [await stack.enter_async_context(wire(url)) for _ in range(50)]
                for one in wires:
                    await one.send(get())
                async with asyncio.timeout(20):
                    while sum(sandbox.faults.happened.values()) < 50:
                        await asyncio.sleep(0.01)
                served.process.send_signal(signal.SIGTERM)
                answers = [await one.answer() for one in wires]
            assert [answer.json for answer in answers if answer] == [{"total_count": 0}] * 50
            assert await served.gone() == 0
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            try:
                await http.get("/health/live")
            except httpx.ConnectError:
                return
        raise AssertionError("somebody still listens")


async def test_181_a_dead_wechat_makes_no_probe_fail(open_stand: Any) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    change = {"upstream": {"base_urls": [nobody], "mp_base_url": nobody}}
    async with open_stand(change) as stand:
        refused = await ask(stand, get())
        assert refused is not None
        assert refused.status in (502, 503, 504)
        for path in ("/health", "/health/live", "/health/ready"):
            assert (await stand.http.get(path)).status_code == 200, path


async def test_183_a_process_short_of_files_refuses_and_recovers(tmp_path: Path) -> None:
    async with run_sandbox(SandboxSettings()) as sandbox:
        config = configuration(sandbox, tmp_path / "data", free_port())
        write_toml(tmp_path / "gate.toml", config)
        url = config["server"]["public_url"]
        process = await asyncio.create_subprocess_exec(
            *("sh", "-c", 'ulimit -n 256; exec "$@"', "sh", sys.executable, "-m", "server"),
            *("serve", "--config", str(tmp_path / "gate.toml")),
        )
        async with httpx.AsyncClient(base_url=url, headers=HEADERS, trust_env=False) as http:
            served = Served(process, http)
            try:
                await served.ready()
                async with AsyncExitStack() as stack:
                    wires = [await stack.enter_async_context(wire(url)) for _ in range(400)]
                    answer = await wires[-1].answer()
                    assert answer is not None
                    assert (answer.status, answer.code) == (503, "too_many_connections")
                    assert (await http.get("/health/live")).status_code == 200  # kept alive
                async with asyncio.timeout(20):
                    while True:
                        again = await ask(url, get())
                        if again is not None and again.status == 200:
                            break
                        await asyncio.sleep(0.1)
            finally:
                process.terminate()
                assert await served.gone() == 0
