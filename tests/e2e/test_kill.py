"""`kill -9` of a whole `wxgate serve` never publishes twice and never loses a job.

All crash points of a job, on both databases, are looped over in tests/jobs/test_crash_matrix.py.
"""

import asyncio
import signal
import socket
from datetime import UTC, datetime, timedelta
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

FIELDS = {"markdown": "# 只发一次\n\n无论何时断电。"}
ARTICLE = {**FIELDS, "action": "publish"}


def written(sandbox: RunningSandbox, tmp_path: Path, database_url: str = "") -> tuple[Path, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config: dict[str, Any] = configuration(sandbox, tmp_path / "data", port)
    config["jobs"] = {"lease_s": 2, "reconcile_quiet_s": 1, "first_poll_s": [0.6, 1, 2, 5]}
    if database_url:
        config["database"] = {"url": database_url}
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


@pytest.mark.slow
@pytest.mark.usefixtures("database")  # migrated
@pytest.mark.parametrize("point", [crash_points.SCHEDULE_FIRE, crash_points.SCHEDULE_FIRED])
async def test_a_kill_while_a_schedule_comes_due_makes_its_job_once(
    point: str, tmp_path: Path, database_url: str
) -> None:
    async with run_sandbox(SandboxSettings(publish_s=0.2)) as sandbox:
        config, url = written(sandbox, tmp_path, database_url)
        at = datetime.now(UTC) + timedelta(seconds=1)
        body = {"article": FIELDS, "action": "publish", "publish_at": at.isoformat()}
        async with serve(config, url, KEY, {VARIABLE: point}) as served:
            made = await served.http.post("/v1/accounts/main/schedules", json=body)
            assert made.status_code == 201, made.text
            assert await served.gone() == -signal.SIGKILL
        async with serve(config, url, KEY) as served:
            jobs = await jobs_of(served, made.json()["id"])
            ended = await served.ended(jobs[0]["id"])
        publications = sandbox.ledger.entries("publication")
    assert (len(jobs), ended["state"], len(publications)) == (1, "succeeded", 1)


async def jobs_of(served: Served, schedule_id: str) -> list[dict[str, Any]]:
    """The jobs that the schedule made, as soon as it has come to its end."""
    async with asyncio.timeout(30):
        while True:
            schedule = await served.http.get(f"/v1/accounts/main/schedules/{schedule_id}")
            if schedule.json()["state"] == "ended":
                page = await served.http.get("/v1/jobs", params={"schedule": schedule_id})
                jobs: list[dict[str, Any]] = page.json()["items"]
                return jobs
            await asyncio.sleep(0.1)
