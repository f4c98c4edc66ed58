"""Two `wxgate serve` on a Redis whose master changes: 120, 124 and 129 with Sentinels, a Cluster."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.conftest import KEY
from tests.faults.on_redis import OnRedis, open_on_redis
from tests.faults.wire import ADD
from tests.redises import RedisCluster, RedisSentinels, RedisServer, until
from tests.signing import after_start, signed

pytestmark = pytest.mark.slow
BODY = b'{"articles": [{"title": "t", "content": "c", "thumb_media_id": "m"}]}'
ACCOUNT = {"X-Wxgate-Account": "main"}


@dataclass(frozen=True)
class Failing:
    """The replicas, the server that is to fail, and the one that will take its place."""

    on: OnRedis
    kind: str
    master: RedisServer
    heir: RedisServer

    def has_new_master(self) -> bool:
        """Whether the heir has taken over."""
        return bool(self.heir.ask("INFO", "replication")["role"] == "master")


@pytest.fixture(params=["sentinel", "cluster"])
async def failing(
    request: pytest.FixtureRequest, migrated_postgres: str, tmp_path: Path
) -> AsyncIterator[Failing]:
    with ExitStack() as stack:
        group: RedisSentinels | RedisCluster
        if request.param == "sentinel":
            group = stack.enter_context(RedisSentinels(tmp_path))
        else:
            group = stack.enter_context(RedisCluster(tmp_path, replica=True))
        heir = group.servers[1 if request.param == "sentinel" else 3]
        async with open_on_redis(tmp_path, migrated_postgres, [group.url] * 2) as on:
            yield Failing(on, request.param, group.servers[0], heir)


async def add(failing: Failing, number: int, headers: dict[str, str]) -> int:
    """The status of a signed write; none but the signature says who calls."""
    async with failing.on.replicas.to(number) as caller:
        return (await caller.post(ADD, headers=headers, content=BODY)).status_code


async def test_124_a_failover_loses_nothing_and_lets_nothing_in_twice(failing: Failing) -> None:
    on, going = failing.on, True
    await on.work(2)
    await after_start()
    taken = signed("POST", ADD, KEY, body=BODY, headers=ACCOUNT)
    async with asyncio.timeout(60):  # a nonce is remembered from the first one on
        while await add(failing, 0, taken) != 200:
            await after_start()
            taken = signed("POST", ADD, KEY, body=BODY, headers=ACCOUNT)
    assert await add(failing, 1, taken) == 401
    tokens, written = on.tokens(), on.sandbox.calls.count(ADD)

    async def load() -> None:
        while going:
            await on.work()
            await asyncio.sleep(0.3)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(load())
        # Its connections stay open, and nothing comes any more.
        failing.master.pause()
        jobs = [await on.hand_in(number % 2, f"切换{number}") for number in range(4)]
        await asyncio.to_thread(until, failing.has_new_master)
        await on.until(up=True)
        failing.master.resume()
        ends = [await on.ended(job) for job in jobs]
        going = False
    assert ends == ["succeeded"] * 4
    assert len(on.sandbox.ledger.entries("publication")) == 4
    assert on.tokens() == tokens
    # What was signed before is known, or too old to tell; what is signed now is taken once.
    before = on.sandbox.calls.count(ADD)
    assert before == written + 4
    assert [await add(failing, number, taken) for number in range(2)] == [401, 401]
    await after_start()
    anew = signed("POST", ADD, KEY, body=BODY, headers=ACCOUNT)
    async with asyncio.timeout(60):
        while await add(failing, 0, anew) != 200:
            await after_start()
            anew = signed("POST", ADD, KEY, body=BODY, headers=ACCOUNT)
    assert await add(failing, 1, anew) == 401
    assert on.sandbox.calls.count(ADD) == before + 1
    for number in range(2):
        assert (await on.redis(number))["kind"] == failing.kind
    assert set(await on.work(2)) <= {"hit", "miss"}
