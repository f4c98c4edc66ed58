"""`--role relay`, `--role api` and `wxgate worker`: three processes that are one gateway."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from server.app import open_gateway
from server.replica_routes import RelayRoute
from server.settings import Settings
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import WXGATE
from tests.e2e.replicas import Replica, never_started

ADMIN = "wxg_root_0123456789abcdefghijklmn"
COUNT = "/cgi-bin/draft/count"
ROLES_CONF = Path(__file__).parents[2] / "deploy/nginx/roles.conf"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@asynccontextmanager
async def one(replica: Replica, *command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`wxgate …` with the configuration of `replica`, until the block ends."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("WXGATE_")}
    with replica.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(*WXGATE, *command, "--config", str(replica.config)), env=clean, stderr=log
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(90):
            assert await process.wait() == 0, replica.log.read_text("utf-8")


def caller(url: str, key: str = KEY) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key}", "X-Wxgate-Account": "main"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False)


async def replicas_by_role(api: httpx.AsyncClient, count: int) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {ADMIN}"}
    async with asyncio.timeout(90):
        while True:
            rows = (await api.get("/v1/admin/replicas", headers=headers)).json()["items"]
            running = {row["role"]: row["state"] for row in rows if row["state"] == "running"}
            if len(running) == count:
                return running
            await asyncio.sleep(0.2)


async def state_of(api: httpx.AsyncClient, job_id: str) -> str:
    return str((await api.get(f"/v1/jobs/{job_id}")).json()["state"])


def shared(sandbox: RunningSandbox, tmp_path: Path, postgres: str, redis: str) -> dict[str, Any]:
    config: dict[str, Any] = configuration(sandbox, tmp_path, 0)
    config["database"], config["redis"] = {"url": postgres}, {"url": redis}
    config["clients"].append(
        {"id": "root", "key": ADMIN, "accounts": ["main"], "scopes": ["admin"]}
    )
    return config


async def test_each_role_answers_its_own_and_jobs_wait_for_a_worker(
    migrated_postgres: str, redis_url: str, tmp_path: Path
) -> None:
    async with run_sandbox(SandboxSettings(publish_s=0.2)) as sandbox, AsyncExitStack() as stack:
        config = shared(sandbox, tmp_path, migrated_postgres, redis_url)
        first, second, third = never_started(
            tmp_path, config, count=3, public_url="http://127.0.0.1:1"
        )
        relaying = await stack.enter_async_context(one(first, "serve", "--role", "relay"))
        await stack.enter_async_context(one(second, "serve", "--role", "api"))
        relay = await stack.enter_async_context(caller(first.url))
        api = await stack.enter_async_context(caller(second.url))
        async with asyncio.timeout(90):
            while not (await first.is_ready() and await second.is_ready()):
                assert relaying.returncode is None, first.log.read_text("utf-8")
                await asyncio.sleep(0.1)

        assert (await relay.get(COUNT)).json() == {"total_count": 0}
        refused = await api.get(COUNT)
        assert (refused.status_code, "other_role" in refused.text) == (404, True)
        refused = await relay.get("/v1/jobs")
        assert (refused.status_code, "other_role" in refused.text) == (404, True)

        article = {"title": "谁做", "markdown": "正文。", "action": "publish"}
        taken = await api.post("/v1/accounts/main/articles", json=article)
        assert taken.status_code == 202, taken.text
        job_id = taken.json()["id"]
        for _ in range(10):  # longer than a look for due jobs takes where somebody looks
            assert await state_of(api, job_id) == "accepted"
            await asyncio.sleep(0.2)

        async with one(third, "worker"):
            assert await replicas_by_role(api, 3) == dict.fromkeys(
                ("relay", "api", "worker"), "running"
            )
            async with asyncio.timeout(90):
                while (state := await state_of(api, job_id)) in ("accepted", "running", "waiting"):
                    await asyncio.sleep(0.1)
            assert state == "succeeded"
            assert len(sandbox.ledger.entries("publication")) == 1
            assert sandbox.calls.count("/cgi-bin/stable_token") == 1
        relaying.send_signal(signal.SIGTERM)
        assert await relaying.wait() == 0
        assert await replicas_by_role(api, 1) == {"api": "running"}


async def test_nginx_sends_to_the_api_what_the_relay_would_not_answer(tmp_path: Path) -> None:
    found = re.search(r"~(\S+) wxgate_api;", ROLES_CONF.read_text("utf-8"))
    assert found
    settings = Settings(server={"data_dir": str(tmp_path)}, wenyan={"enabled": True})
    async with open_gateway(settings) as gateway:
        ours = [route for route in gateway.starlette.routes if not isinstance(route, RelayRoute)]
        paths = [str(getattr(route, "path", "")) for route in ours]
        relayed = next(r for r in gateway.starlette.routes if isinstance(r, RelayRoute))
    assert [path for path in paths if not re.match(found[1], path)] == []
    for path in ("/cgi-bin/token", "/wxa/x"):
        assert not re.match(found[1], path)
        assert relayed.matches({"type": "http", "path": path})[0].value
