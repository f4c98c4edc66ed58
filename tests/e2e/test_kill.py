"""`kill -9` of a whole `wxgate serve` never publishes twice and never loses a job.

All crash points, on both databases, are looped over in tests/jobs/test_crash_matrix.py.
"""

import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from jobs import crash_points
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from server.crash import VARIABLE
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import Served, serve, write_toml
from wechat import freepublish

ARTICLE = {"markdown": "# 只发一次\n\n无论何时断电。", "action": "publish"}


def written(sandbox: RunningSandbox, tmp_path: Path) -> tuple[Path, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config: dict[str, Any] = configuration(sandbox, tmp_path / "data", port)
    config["jobs"] = {"lease_s": 2, "reconcile_quiet_s": 1, "first_poll_s": [0.6, 1, 2, 5]}
    path = tmp_path / "config.toml"
    write_toml(path, config)
    return path, config["server"]["public_url"]


async def submit(served: Served) -> str:
    response = await served.http.post("/v1/accounts/main/articles", json=ARTICLE)
    assert response.status_code == 202, response.text
    job_id: str = response.json()["id"]
    return job_id


POINTS = (
    crash_points.CLAIM_BEFORE,
    crash_points.intent_after("draft"),
    crash_points.sent(freepublish.SUBMIT),
    crash_points.answer("submit"),
    crash_points.FINISH,
)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_at_any_point_publishes_once_or_asks_a_person(
    point: str, tmp_path: Path
) -> None:
    async with run_sandbox(SandboxSettings(publish_s=0.2)) as sandbox:
        config, url = written(sandbox, tmp_path)
        armed = {VARIABLE: point}
        if point == crash_points.CLAIM_BEFORE:  # passed as soon as the process starts
            async with serve(config, url, KEY) as served:
                job_id = await submit(served)
                served.process.kill()
            async with serve(config, url, KEY, armed) as served:
                assert await served.gone() == -signal.SIGKILL
        else:
            async with serve(config, url, KEY, armed) as served:
                job_id = await submit(served)
                assert await served.gone() == -signal.SIGKILL
        async with serve(config, url, KEY) as served:
            job = await served.ended(job_id)
        publications = sandbox.ledger.entries("publication")
        drafts = sandbox.ledger.entries("draft")
    assert len(publications) <= 1
    assert len(drafts) <= 2
    if job["state"] == "succeeded":
        assert len(publications) == 1
        assert job["result"]["mode"] == "published"
    else:
        assert job["state"] == "needs_review"
        assert job["error"]["code"]
