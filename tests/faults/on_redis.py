"""Two `wxgate serve` on one PostgreSQL and one Redis, whatever kind that is, and how they do."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import VERIFIED, SandboxSettings
from server.crash import VARIABLE
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import WXGATE
from tests.e2e.replicas import Replica, Replicas, open_replicas
from tests.e2e.skewed import skewed_by
from tests.handlers.relaying import STABLE

MAIN = {"Authorization": f"Bearer {KEY}", "X-Wxgate-Account": "main"}
KEPT, PLAIN = "/cgi-bin/getcallbackip", "/cgi-bin/draft/count"
_PATIENCE_S = 60  # of a busy machine
_BUSY = {"socket_timeout_s": 1, "connect_timeout_s": 1}  # or a busy machine would be an outage
_ANY_URL = "redis://to.be.said:1/0"


@dataclass(frozen=True)
class OnRedis:
    """The replicas, each with a caller of its own, and the WeChat behind them."""

    replicas: Replicas
    callers: Sequence[httpx.AsyncClient]
    sandbox: RunningSandbox

    async def work(self, times: int = 1) -> list[str]:
        """Reads that are kept and reads that are not get WeChat's answer; the cache's word."""
        said = []
        for caller in list(self.callers) * times:
            kept, plain = await caller.get(KEPT), await caller.get(PLAIN)
            assert (kept.status_code, "ip_list" in kept.json()) == (200, True)
            assert (plain.status_code, "total_count" in plain.json()) == (200, True), plain.text
            said.append(kept.headers["x-wxgate-cache"])
        return said

    async def redis(self, number: int) -> dict[str, Any]:
        """What a replica says of Redis."""
        told = await self.callers[number].get("/v1/stats/cache")
        state: dict[str, Any] = told.json()["redis"]
        return state

    async def until(self, *, up: bool, of: Sequence[int] = (0, 1)) -> None:
        """Go on working until these replicas find Redis up, or away."""
        async with asyncio.timeout(_PATIENCE_S):
            for number in of:
                while (await self.redis(number))["up"] is not up:
                    await self.work()
                    await asyncio.sleep(0.2)  # WeChat takes 1 000 calls of a path a day

    async def hand_in(self, number: int, title: str, *, at: datetime | None = None) -> str:
        """The id of the job of an article that is to be published."""
        article = {"title": title, "markdown": f"{title}。", "action": "publish"}
        if at is not None:
            article["publish_at"] = at.isoformat()
        answer = await self.callers[number].post("/v1/accounts/main/articles", json=article)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def ended(self, job_id: str, *, number: int = 0) -> str:
        """The state in which it ended."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                job = (await self.callers[number].get(f"/v1/jobs/{job_id}")).json()
                if job["state"] not in ("accepted", "scheduled", "running", "waiting"):
                    return str(job["state"])
                await asyncio.sleep(0.1)

    def tokens(self) -> int:
        """Calls for a token of the account, of all replicas."""
        return self.sandbox.calls.by_account().get(STABLE, {}).get(VERIFIED.app_id, 0)


@asynccontextmanager
async def open_on_redis(
    directory: Path,
    database_url: str,
    redis_urls: Sequence[str],
    *,
    jobs: Mapping[str, Any] | None = None,
    rate_limit: str | None = None,
    first_crashes_at: str = "",
    first_ahead_s: float = 0,
) -> AsyncIterator[OnRedis]:
    """A replica for each URL of Redis: they are one, perhaps by ways of their own.

    The first one may stop at a crash point, or be on a host whose clock is ahead.
    """
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(run_sandbox(SandboxSettings(publish_s=0.2)))
        config = configuration(sandbox, directory, 0)
        config |= {"database": {"url": database_url}, "redis": {"url": _ANY_URL, **_BUSY}}
        config["jobs"] |= jobs or {}
        config["clients"][0]["rate_limit"] = rate_limit or config["clients"][0]["rate_limit"]
        config["log"] = {"level": "warning"}
        replicas = await stack.enter_async_context(
            open_replicas(directory, config, count=len(redis_urls), start=False)
        )
        for replica, url in zip(replicas.each, redis_urls, strict=True):
            told = replica.config.read_text("utf-8")
            replica.config.write_text(told.replace(_ANY_URL, url), "utf-8")
        program = skewed_by(first_ahead_s) if first_ahead_s else WXGATE
        if first_crashes_at:
            program = ("env", f"{VARIABLE}={first_crashes_at}", *program)
        first = replicas.each[0]
        replicas.each[0] = Replica(first.name, first.config, first.port, program)
        await replicas.start()
        callers = [
            await stack.enter_async_context(replicas.to(number, headers=MAIN, timeout=60))
            for number in range(len(redis_urls))
        ]
        yield OnRedis(replicas, callers, sandbox)
