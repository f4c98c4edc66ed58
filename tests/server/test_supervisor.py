"""`wxgate serve --workers`: processes behind one socket, on a real PostgreSQL and Redis."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from sandbox.faults import Fault
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from store.engine import DatabaseSettings, open_database
from store.replicas import ask
from store.tables import replica
from tests.conftest import free_port
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import WXGATE, write_toml

COUNT = "/cgi-bin/draft/count"
MAIN = {"X-Wxgate-Account": "main"}
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@dataclass(frozen=True)
class Workers:
    """A supervisor and its workers."""

    supervisor: asyncio.subprocess.Process
    http: httpx.AsyncClient  # each request is a connection of its own
    sandbox: RunningSandbox
    database_url: str
    log: Path

    async def rows(self) -> list[Any]:
        """The replicas that live, by place."""
        settings = DatabaseSettings(url=SecretStr(self.database_url))
        async with open_database(settings, Path()) as database, database.read() as connection:
            query = select(replica).where(replica.c.state == "running").order_by(replica.c.pid)
            rows = (await connection.execute(query)).all()
        return sorted(rows, key=lambda row: str(row.info["name"]))

    async def pids(self, count: int = 2) -> list[int]:
        """Wait until so many live, each of them a process; their pids by place."""
        async with asyncio.timeout(90):
            while True:
                found = [row.pid for row in await self.rows() if is_there(row.pid)]
                if len(found) == count:
                    return found
                await asyncio.sleep(0.1)

    async def end_of(self, job_id: str) -> str:
        """Wait until the job is over; its state."""
        async with asyncio.timeout(90):
            while True:
                state = str((await self.http.get(f"/v1/jobs/{job_id}")).json()["state"])
                if state not in ("accepted", "running", "waiting"):
                    return state
                await asyncio.sleep(0.1)

    async def until(self, said: str) -> None:
        """Wait until the log says so."""
        await until(lambda: said in self.log.read_text("utf-8"))


async def until(happened: Callable[[], object], timeout_s: float = 90) -> None:
    async with asyncio.timeout(timeout_s):
        while not happened():
            await asyncio.sleep(0.05)


def is_there(pid: int) -> bool:
    """Whether that process lives; one that nobody has waited for does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


async def started(
    sandbox: RunningSandbox, tmp_path: Path, redis_url: str, postgres_url: str, **server: Any
) -> tuple[asyncio.subprocess.Process, str]:
    """`wxgate serve --workers 2`, and where it answers."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WXGATE_")}
    config = configuration(sandbox, tmp_path / "data", free_port())
    config["redis"], config["database"] = {"url": redis_url}, {"url": postgres_url}
    config["log"] = {"level": "info"}
    config["server"] |= server
    write_toml(tmp_path / "gate.toml", config)
    command = ("serve", "--config", str(tmp_path / "gate.toml"), "--workers", "2")
    with (tmp_path / "log").open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(*WXGATE, *command), env=clean, stderr=stderr
        )
    return process, config["server"]["public_url"]


@pytest.fixture
async def two(
    tmp_path: Path, redis_url: str, migrated_postgres: str, request: pytest.FixtureRequest
) -> AsyncIterator[Workers]:
    """Two workers; the parameter is of `[server]`."""
    server = getattr(request, "param", {})
    limits = httpx.Limits(max_keepalive_connections=0)
    headers = {"Authorization": f"Bearer {KEY}", **MAIN}
    async with run_sandbox(SandboxSettings(publish_s=0.2)) as sandbox:
        process, url = await started(sandbox, tmp_path, redis_url, migrated_postgres, **server)
        async with httpx.AsyncClient(
            base_url=url, headers=headers, limits=limits, timeout=60, trust_env=False
        ) as http:
            opened = Workers(process, http, sandbox, migrated_postgres, tmp_path / "log")
            pids: list[int] = []
            try:
                pids = await opened.pids()
                yield opened
            finally:
                if process.returncode is None:
                    process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(90):
                    await process.wait()
                for pid in pids:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)


async def test_workers_answer_together_through_a_crash_a_rolling_restart_and_the_end(
    two: Workers,
) -> None:
    """One stand for all of it: a start takes seconds."""
    await _count_together(two)
    await _replace_the_one_that_is_asked_for(two)  # which nobody waited for when it started
    await _survive_a_crash(two)
    await _lose_nothing_while_they_are_replaced(two)
    await _replace_the_one_that_is_asked_for(two)
    await _end_in_order(two)


async def _count_together(two: Workers) -> None:
    answers = await asyncio.gather(*(two.http.get(COUNT) for _ in range(40)))
    assert [answer.status_code for answer in answers] == [200] * 40
    assert two.sandbox.calls.count("/cgi-bin/stable_token") == 1
    told = (await two.http.get("/v1/stats/limits")).json()
    assert (told["shared"], told["gateways"]) == (True, 2)
    # Orders and statistics reach all of them within seconds.
    async with asyncio.timeout(60):
        while (await two.http.get("/v1/stats/calls")).json()["processes"] != 2:
            await asyncio.sleep(0.2)


async def _survive_a_crash(two: Workers) -> None:
    before = await two.pids()
    os.kill(before[0], signal.SIGKILL)
    await two.until("worker ended")
    assert (await two.http.get(COUNT)).status_code == 200
    after = await two.pids()
    assert after[1] == before[1]
    assert after[0] != before[0]


async def _lose_nothing_while_they_are_replaced(two: Workers) -> None:
    """Calls over new connections and kept ones, and articles, of which each is published once."""
    before, outcomes, stop = await two.pids(), Counter[object](), asyncio.Event()
    jobs: list[str] = []

    async def ask(http: httpx.AsyncClient, method: str, path: str, **more: Any) -> Any:
        try:
            answer = await http.request(method, path, **more)
        except httpx.HTTPError as exc:
            outcomes[repr(exc)] += 1
            return {}
        outcomes[answer.status_code] += 1
        return answer.json()

    async def call(http: httpx.AsyncClient) -> None:
        while not stop.is_set():
            await ask(http, "GET", COUNT)
            await asyncio.sleep(0.05)

    async def write(http: httpx.AsyncClient) -> None:
        while not stop.is_set():
            article = {"title": f"第 {len(jobs)} 篇", "markdown": "正文", "action": "publish"}
            job = await ask(http, "POST", "/v1/accounts/main/articles", json=article)
            jobs.append(job.get("id", ""))
            await asyncio.sleep(0.3)

    async with httpx.AsyncClient(
        base_url=two.http.base_url, headers=two.http.headers, timeout=60, trust_env=False
    ) as kept:
        calling = [asyncio.ensure_future(call(http)) for http in (two.http, kept) * 2]
        calling.append(asyncio.ensure_future(write(kept)))
        two.supervisor.send_signal(signal.SIGUSR2)
        await two.until("rolling restart done")
        stop.set()
        await asyncio.gather(*calling)
    assert set(outcomes) == {200, 202}, outcomes
    assert not set(await two.pids()) & set(before)
    states = Counter([await two.end_of(job) for job in jobs])
    assert states == {"succeeded": len(jobs)}, states
    assert len(two.sandbox.ledger.entries("publication")) == len(jobs)


async def _replace_the_one_that_is_asked_for(two: Workers) -> None:
    before = await two.rows()
    settings = DatabaseSettings(url=SecretStr(two.database_url))
    async with open_database(settings, Path()) as database, database.write() as connection:
        assert await ask(connection, before[1].id)  # as /v1/admin/replicas/{id}/restart does
    await until(lambda: not is_there(before[1].pid))
    after = await two.rows()
    assert after[0].id == before[0].id
    assert [row.info["name"] for row in after] == [row.info["name"] for row in before]


async def _end_in_order(two: Workers) -> None:
    pids = await two.pids()
    two.sandbox.faults.add(Fault(kind="slow", path=COUNT, seconds=2, count=4))
    earlier = two.sandbox.faults.happened.total()
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(two.http.get(COUNT)) for _ in range(4)]
        await until(lambda: two.sandbox.faults.happened.total() - earlier == 4)
        two.supervisor.send_signal(signal.SIGTERM)
    assert [call.result().status_code for call in calls] == [200] * 4
    assert await two.supervisor.wait() == 0
    assert not any(map(is_there, pids))


async def test_sighup_is_for_all_and_a_second_sigterm_ends_all_at_once(two: Workers) -> None:
    pids = await two.pids()
    config = two.log.with_name("gate.toml")
    config.write_text(config.read_text("utf-8") + '\n[limits]\n"/cgi-bin/x" = "9/minute"\n')
    two.supervisor.send_signal(signal.SIGHUP)
    await until(lambda: two.log.read_text("utf-8").count("configuration taken up") == 2)
    two.sandbox.faults.add(Fault(kind="slow", path=COUNT, seconds=60))
    call = asyncio.ensure_future(two.http.get(COUNT))
    await until(lambda: two.sandbox.faults.happened)
    two.supervisor.send_signal(signal.SIGTERM)
    await until(lambda: two.log.read_text("utf-8").count("gateway is stopping") == 2)
    two.supervisor.send_signal(signal.SIGTERM)
    assert await two.supervisor.wait() == -signal.SIGTERM
    await until(lambda: not any(map(is_there, pids)))
    await asyncio.gather(call, return_exceptions=True)


async def test_no_worker_outlives_a_supervisor_that_was_killed(two: Workers) -> None:
    pids = await two.pids()
    two.supervisor.kill()
    await until(lambda: not any(map(is_there, pids)))
    assert "the supervisor is gone" in two.log.read_text("utf-8")


@pytest.mark.parametrize("two", [{"drain_s": 300}], indirect=True)
async def test_only_the_end_of_all_is_told_to_a_load_balancer_and_a_lost_supervisor_ends_that(
    two: Workers,
) -> None:
    before = await two.pids()
    two.supervisor.send_signal(signal.SIGUSR2)
    await two.until("rolling restart done")
    pids = await two.pids()
    assert not set(pids) & set(before)
    assert (await two.http.get("/health/ready")).status_code == 200
    two.supervisor.send_signal(signal.SIGTERM)
    await until(lambda: two.log.read_text("utf-8").count('"drain_s":300.0') == 2)
    assert (await two.http.get("/health/ready")).status_code == 503
    two.supervisor.kill()
    await until(lambda: not any(map(is_there, pids)))


async def test_workers_that_cannot_start_end_the_supervisor_with_the_reason(
    tmp_path: Path, redis_url: str, postgres_url: str
) -> None:
    async with run_sandbox(SandboxSettings()) as sandbox:
        process, _ = await started(sandbox, tmp_path, redis_url, postgres_url)
        async with asyncio.timeout(90):
            assert await process.wait() == 3
    told = (tmp_path / "log").read_text("utf-8")
    assert "wxgate migrate" in told
    assert "a worker did not start" in told
