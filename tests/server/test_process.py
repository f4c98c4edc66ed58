import asyncio
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from notify import delivery
from sandbox.faults import Fault
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from server import process
from server.doors import listen_on
from server.process import gateway_in_background
from server.settings import Settings
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import serve, write_toml

COUNT = "/cgi-bin/draft/count"
ROOT = Path(__file__).parents[2]
_MARGIN_S = 20  # to close what is open


def written(sandbox: RunningSandbox, tmp_path: Path, port: int, **server: Any) -> tuple[Path, str]:
    config = configuration(sandbox, tmp_path / "data", port)
    config["server"].update(server)
    path = tmp_path / "gate.toml"
    write_toml(path, config)
    return path, config["server"]["public_url"]


async def until(happened: Any) -> None:
    """Wait for what another process does."""
    async with asyncio.timeout(20):
        while not happened():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("deploy/wxgate.service", "TimeoutStopSec="),
        ("deploy/wxgate-workers.service", "TimeoutStopSec="),
        ("compose.yaml", "stop_grace_period: "),
    ],
)
def test_whoever_stops_it_lets_it_end(file: str, key: str) -> None:
    ends_s = Settings().server.drain_s + process._GRACE_S + delivery._GRACE_S
    ruled_s = Settings().server.drain_s + 60  # what the documentation says
    allowed = re.findall(rf"^\s*{key}(\d+)s?\b", (ROOT / file).read_text(), re.MULTILINE)
    assert allowed
    assert all(int(each) >= ruled_s >= ends_s + _MARGIN_S for each in allowed)
    for language in ("zh", "en"):
        told = (ROOT / "docs" / language / "operations.md").read_text()
        assert "`server.drain_s` + 60" in told


async def test_a_draining_gateway_says_so_and_still_answers(tmp_path: Path) -> None:
    settings = Settings(server={"data_dir": str(tmp_path)})
    with listen_on("127.0.0.1:0") as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with (
            gateway_in_background(settings, listener) as gateway,
            httpx.AsyncClient(base_url=url, trust_env=False) as http,
        ):
            assert (await http.get("/health/ready")).status_code == 200
            gateway.engine.drain()
            ready = await http.get("/health/ready")
            assert ready.status_code == 503
            assert ready.json()["checks"] == {"store": "ok", "process": "draining"}
            assert (await http.get("/health/live")).status_code == 200
            assert (await http.get("/docs")).status_code == 200
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            with pytest.raises(httpx.ConnectError):
                await http.get("/health/live")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_call_under_way_ends_before_the_process_does(
    number: signal.Signals, tmp_path: Path, unused_port: int
) -> None:
    async with run_sandbox(SandboxSettings()) as sandbox:
        sandbox.faults.add(Fault(kind="slow", path=COUNT, seconds=1))
        config, url = written(sandbox, tmp_path, unused_port)
        async with serve(config, url, KEY) as served:
            headers = {"X-Wxgate-Account": "main"}
            async with asyncio.TaskGroup() as group:
                call = group.create_task(served.http.get(COUNT, headers=headers))
                await until(lambda: sandbox.faults.happened)
                assert not call.done()
                served.process.send_signal(number)
            assert call.result().json() == {"total_count": 0}
            assert await served.gone() == 0


async def test_who_waits_for_a_job_is_told_how_it_stands(tmp_path: Path, unused_port: int) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    article, waiting = {"markdown": "正文", "publish_at": later}, {"Prefer": "wait=60"}
    route = "/v1/accounts/main/articles"
    async with run_sandbox(SandboxSettings()) as sandbox:
        config, url = written(sandbox, tmp_path, unused_port)
        complaints = tmp_path / "stderr"
        with complaints.open("wb") as stderr:
            async with serve(config, url, KEY, stderr=stderr) as served:
                made = (await served.http.post(route, json=article)).json()
                async with served.http.stream("GET", f"/v1/jobs/{made['id']}/events") as events:
                    told = events.aiter_lines()
                    assert await anext(told) == "event: job"
                    async with asyncio.TaskGroup() as group, asyncio.timeout(60):
                        waits = group.create_task(
                            served.http.post(route, json=article, headers=waiting, timeout=60)
                        )
                        while len((await served.http.get("/v1/jobs")).json()["items"]) < 2:
                            await asyncio.sleep(0.05)
                        served.process.send_signal(signal.SIGTERM)
                    assert not [line async for line in told if line.startswith("event")]
                assert await served.gone() == 0
        assert (waits.result().status_code, waits.result().json()["state"]) == (202, "scheduled")
        assert "Exception" not in complaints.read_text()


async def test_before_it_stops_it_tells_the_load_balancer(tmp_path: Path, unused_port: int) -> None:
    async with run_sandbox(SandboxSettings()) as sandbox:
        config, url = written(sandbox, tmp_path, unused_port, drain_s=60)
        async with serve(config, url, KEY) as served:
            served.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(20):
                while (await served.http.get("/health/ready")).status_code != 503:
                    pass
            answer = await served.http.get("/v1/jobs")
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
            assert served.process.returncode is None
            # Who does not want to wait asks again.
            served.process.send_signal(signal.SIGTERM)
            assert await served.gone() == -signal.SIGTERM
