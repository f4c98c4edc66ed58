"""Several processes of `wxgate serve` behind one port, as one gateway."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from tests.e2e.conftest import KEY, configuration
from tests.e2e.replicas import Replicas, open_replicas

AUTHORIZED = {"Authorization": f"Bearer {KEY}"}
LEASE_S = 2


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with run_sandbox(SandboxSettings(publish_s=0.2)) as running:
        yield running


@pytest.fixture
async def replicas(
    sandbox: RunningSandbox, migrated_postgres: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[Replicas]:
    config: dict[str, Any] = configuration(sandbox, tmp_path, 0)
    config["database"] = {"url": migrated_postgres}
    config["redis"] = {"url": redis_url}
    config["jobs"] |= {"lease_s": LEASE_S}
    async with open_replicas(tmp_path, config, count=2) as opened:
        yield opened


async def ended(http: httpx.AsyncClient, job_id: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            job: dict[str, Any] = (await http.get(f"/v1/jobs/{job_id}", headers=AUTHORIZED)).json()
            if job["state"] not in ("accepted", "scheduled", "running", "waiting"):
                return job
            await asyncio.sleep(0.1)


@pytest.mark.slow
async def test_what_one_replica_took_in_another_brings_to_its_end_while_the_first_one_sleeps(
    replicas: Replicas, sandbox: RunningSandbox
) -> None:
    article = {"title": "两台机器", "markdown": "一篇。", "action": "publish"}
    async with replicas.to(0, headers=AUTHORIZED) as first:
        answer = await first.post("/v1/accounts/main/articles", json=article)
        assert answer.status_code == 202, answer.text
    replicas[0].pause()
    async with replicas.to(1) as second:
        job = await ended(second, answer.json()["id"])
    replicas[0].resume()
    assert job["state"] in ("succeeded", "needs_review"), job
    assert len(sandbox.ledger.entries("publication")) <= 1
    assert job["state"] == "needs_review" or sandbox.ledger.entries("publication")


@pytest.mark.slow
async def test_a_caller_of_the_balancer_does_not_notice_that_a_replica_died(
    replicas: Replicas,
) -> None:
    assert await replicas[1].end(signal.SIGKILL) == -signal.SIGKILL
    for _ in range(4):  # twice the turn of the dead one
        answer = await replicas.http.get("/v1/accounts", headers=AUTHORIZED)
        assert answer.status_code == 200, answer.text
    await replicas.start()
    assert await replicas[1].is_ready()
