"""Replays against two `wxgate serve` that share PostgreSQL and Redis: 1 to 3."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import VERIFIED, SandboxSettings
from store.engine import DatabaseSettings, open_database
from store.migrate import migrate
from tests.conftest import RedisServer, free_port
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import Served, serve, write_toml
from tests.faults.wire import ADD, COUNT
from tests.signing import after_start, signed

pytestmark = pytest.mark.slow
BODY = b'{"articles": [{"title": "t", "content": "c", "thumb_media_id": "m"}]}'
MAIN = {"X-Wxgate-Account": "main"}
BEARER = {"Authorization": f"Bearer {KEY}", **MAIN}


@dataclass(frozen=True)
class Replicas:
    """Two processes, and what they share."""

    both: tuple[Served, Served]
    sandbox: RunningSandbox
    redis: RedisServer

    def adds(self) -> int:
        """Writes that reached WeChat."""
        return self.sandbox.calls.count(ADD)


@pytest.fixture
async def replicas(
    postgres_url: str, redis_server: RedisServer, tmp_path: Path
) -> AsyncIterator[Replicas]:
    async with open_database(DatabaseSettings(url=SecretStr(postgres_url)), tmp_path) as database:
        await migrate(database)
    async with run_sandbox(SandboxSettings()) as sandbox:
        files, urls = [], []
        for name in ("one", "two"):
            config = configuration(sandbox, tmp_path / "data", free_port())
            config["redis"] = {"url": redis_server.url}
            config["database"] = {"url": postgres_url}
            write_toml(tmp_path / f"{name}.toml", config)
            files.append(tmp_path / f"{name}.toml")
            urls.append(config["server"]["public_url"])
        async with serve(files[0], urls[0], KEY) as one, serve(files[1], urls[1], KEY) as two:
            for served in (one, two):
                del served.http.headers["authorization"]
            # Nonces are remembered from the first one on.
            await one.http.get(COUNT, headers=signed("GET", COUNT, KEY, headers=MAIN))
            await after_start()
            yield Replicas((one, two), sandbox, redis_server)


def told(response: httpx.Response) -> tuple[int, str]:
    """Its status, and the code of its error."""
    return response.status_code, response.json().get("error", {}).get("code", "")


async def test_001_of_50_replays_on_two_processes_exactly_one_passes(replicas: Replicas) -> None:
    headers = signed("POST", ADD, KEY, body=BODY, headers=MAIN)
    answers = await asyncio.gather(
        *(
            replicas.both[number % 2].http.post(ADD, headers=headers, content=BODY)
            for number in range(50)
        )
    )
    refused = [told(answer) for answer in answers if answer.status_code != 200]
    assert refused == [(401, "auth_replay")] * 49
    assert replicas.adds() == 1


async def test_002_without_redis_signed_writes_are_refused_and_all_else_goes_on(
    replicas: Replicas,
) -> None:
    before = signed("POST", ADD, KEY, body=BODY, headers=MAIN)
    login = {"grant_type": "client_credential", "appid": VERIFIED.app_id, "secret": KEY}
    one = replicas.both[0].http
    assert (await one.post(ADD, headers=before, content=BODY)).status_code == 200
    token = (await one.get("/cgi-bin/token", params=login)).json()["access_token"]
    opening = {"client_id": "blog", "client_secret": KEY}
    session = (await one.post("/v1/auth/token", json=opening)).json()["access_token"]
    replicas.redis.kill()
    for served in replicas.both:
        new = signed("POST", ADD, KEY, body=BODY, headers=MAIN)
        for headers in (before, new):
            refused = await served.http.post(ADD, headers=headers, content=BODY)
            assert told(refused) == (503, "replay_guard_unavailable")
            assert refused.headers["retry-after"]
        render = b'{"markdown": "x"}'
        headers = signed("POST", "/v1/render", KEY, body=render)
        refused = await served.http.post("/v1/render", headers=headers, content=render)
        assert told(refused) == (503, "replay_guard_unavailable")
        assert replicas.adds() == 1
        for path in (COUNT, "/v1/jobs"):
            read = signed("GET", path, KEY, headers=MAIN)
            assert told(await served.http.get(path, headers=read)) == (200, "")
            assert told(await served.http.get(path, headers=read)) == (401, "auth_replay")
            assert (await served.http.get(path, headers=BEARER)).status_code == 200
        assert (await served.http.get(COUNT, params={"access_token": token})).json() == {
            "total_count": 0
        }
        opened = {"Authorization": f"Bearer {session}", **MAIN}
        assert (await served.http.get("/v1/jobs", headers=opened)).status_code == 200
    for number, served in enumerate(replicas.both):
        await served.http.post(ADD, headers=BEARER, content=BODY)
        assert replicas.adds() == number + 2


async def test_003_what_was_signed_before_redis_lost_its_memory_is_stale(
    replicas: Replicas,
) -> None:
    one, two = (served.http for served in replicas.both)
    old = signed("POST", ADD, KEY, body=BODY, headers=MAIN)
    assert (await one.post(ADD, headers=old, content=BODY)).status_code == 200
    await after_start()
    replicas.redis.kill()
    replicas.redis.start()
    refused: set[tuple[int, str]] = set()
    async with asyncio.timeout(30):
        while not {(401, "auth_stale")} <= refused:
            refused.add(told(await two.post(ADD, headers=old, content=BODY)))
            await asyncio.sleep(0.1)
    assert refused <= {(401, "auth_stale"), (503, "replay_guard_unavailable")}
    assert replicas.adds() == 1
    await after_start()
    async with asyncio.timeout(30):
        while replicas.adds() == 1:
            new = signed("POST", ADD, KEY, body=BODY, headers=MAIN)
            await one.post(ADD, headers=new, content=BODY)
            await asyncio.sleep(0.1)
