import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import update

from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from store.engine import DatabaseSettings, open_database
from store.tables import job
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import serve, write_toml
from tests.server.cli.commands import wxgate_process


@asynccontextmanager
async def worker(config: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "worker", "--config", str(config))
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def make_due(url: str) -> None:
    settings = DatabaseSettings(url=SecretStr(url))
    async with open_database(settings, Path()) as database, database.write() as connection:
        await connection.execute(update(job).values(run_at=1.0))


async def test_it_finishes_what_another_process_has_accepted_and_stops_in_order(
    tmp_path: Path, unused_port: int, postgres_url: str
) -> None:
    async with run_sandbox(SandboxSettings(publish_s=0.1)) as sandbox:
        config = configuration(sandbox, tmp_path / "data", unused_port)
        config["database"] = {"url": postgres_url}
        path = tmp_path / "gate.toml"
        write_toml(path, config)
        assert (await wxgate_process("migrate", "-c", path)).exit_code == 0
        async with serve(path, config["server"]["public_url"], KEY) as served:
            # Due only when the process that takes it in is gone.
            later = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
            body = {"markdown": "# 一篇\n\n正文", "action": "publish", "publish_at": later}
            accepted = await served.http.post("/v1/accounts/main/articles", json=body)
            assert accepted.json()["state"] == "scheduled", accepted.text
        assert sandbox.ledger.entries("draft") == []
        async with worker(path) as process:
            async with asyncio.timeout(30):
                while not sandbox.ledger.entries("publication"):
                    await asyncio.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(30):
                assert await process.wait() == 0
        async with serve(path, config["server"]["public_url"], KEY) as served:
            job = await served.ended(accepted.json()["id"])
    assert job["state"] == "succeeded"
    assert job["result"]["mode"] == "published"
    assert len(sandbox.ledger.entries("publication")) == 1


async def test_it_does_what_live_clients_of_the_store_wanted_and_nothing_for_those_removed(
    tmp_path: Path, unused_port: int, postgres_url: str
) -> None:
    async with run_sandbox(SandboxSettings(publish_s=0.1)) as sandbox:
        config = configuration(sandbox, tmp_path / "data", unused_port)
        config["database"] = {"url": postgres_url}
        path = tmp_path / "gate.toml"
        write_toml(path, config)
        assert (await wxgate_process("migrate", "-c", path)).exit_code == 0
        keys, jobs = {}, {}
        for name, scopes in (("shop", "draft publish"), ("gone", "draft publish"), ("op", "admin")):
            rights = [word for scope in scopes.split() for word in ("--scope", scope)]
            added = await wxgate_process(
                *("clients", "add", name, *rights, "--account", "main", "--json", "-c", path)
            )
            keys[name] = json.loads(added.stdout)["key"]
        async with serve(path, config["server"]["public_url"], keys["op"]) as served:
            later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
            for name in ("gone", "shop"):
                jobs[name] = await served.http.post(
                    "/v1/accounts/main/articles",
                    json={
                        "markdown": f"# {name}\n\n正文",
                        "action": "publish",
                        "publish_at": later,
                    },
                    headers={"Authorization": f"Bearer {keys[name]}"},
                )
        removed = await wxgate_process("clients", "remove", "gone", "--yes", "-c", path)
        assert removed.exit_code == 0
        await make_due(postgres_url)
        async with worker(path):
            async with asyncio.timeout(30):
                while not sandbox.ledger.entries("publication"):
                    await asyncio.sleep(0.05)
        async with serve(path, config["server"]["public_url"], keys["op"]) as served:
            ended = {name: await served.ended(made.json()["id"]) for name, made in jobs.items()}
    assert ended["shop"]["state"] == "succeeded"
    assert ended["gone"]["state"] == "needs_review"
    assert ended["gone"]["error"]["code"] == "client_gone"
    assert len(sandbox.ledger.entries("publication")) == 1


async def test_on_sqlite_there_is_nothing_for_it_to_do() -> None:
    done = await wxgate_process("worker")
    assert done.exit_code == 2
    assert "PostgreSQL" in done.stderr
    assert "on SQLite serve does the jobs" in done.stderr


async def test_a_database_out_of_reach_ends_with_3(unused_port: int) -> None:
    url = f"postgresql://wxgate:canary@127.0.0.1:{unused_port}/wxgate"
    done = await wxgate_process("worker", env={"WXGATE_DATABASE__URL": url})
    assert done.exit_code == 3
    assert "canary" not in done.output
