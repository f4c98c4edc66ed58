"""Two `wxgate serve` share a token, and the one that fetches it sleeps or dies: 87 and 88."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack

import httpx
import pytest
import pytest_asyncio

from core.tasks import TaskSet
from sandbox.faults import Fault
from sandbox.settings import PERSONAL, VERIFIED
from tests.conftest import RedisServer
from tests.faults.on_redis import KEPT, OnRedis, open_on_redis
from tests.handlers.relaying import STABLE

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

FRESH = {"Cache-Control": "no-cache"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def on(
    replicas_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[OnRedis]:
    directory = tmp_path_factory.mktemp("replicas")
    with ExitStack() as stack:
        server = RedisServer(directory)
        stack.callback(server.kill)
        server.start()
        async with open_on_redis(directory, replicas_database, [server.url] * 2) as opened:
            yield opened


async def asked(on: OnRedis, number: int, account: str) -> httpx.Response | None:
    headers = {"X-Wxgate-Account": account, **FRESH}
    try:
        return await on.callers[number].get(KEPT, headers=headers)
    except httpx.TransportError:
        return None


async def answered(on: OnRedis, number: int, account: str) -> None:
    """Wait until WeChat's answer comes; until then callers hear that there is no token."""
    async with asyncio.timeout(90):
        while True:
            answer = await asked(on, number, account)
            assert answer is not None
            assert answer.status_code in (200, 503, 504), answer.text
            if "ip_list" in answer.json():
                return
            await asyncio.sleep(0.2)


def fetches(on: OnRedis, app_id: str) -> int:
    return on.sandbox.calls.by_account().get(STABLE, {}).get(app_id, 0)


async def fetching(on: OnRedis, app_id: str) -> None:
    async with asyncio.timeout(60):
        while not fetches(on, app_id):
            await asyncio.sleep(0.01)


async def test_087_who_slept_past_its_lease_with_a_token_in_hand_does_not_put_it_back(
    on: OnRedis,
) -> None:
    on.sandbox.faults.add(Fault(kind="slow", path=STABLE, seconds=2))
    tasks = TaskSet()
    try:
        tasks.start(asked(on, 0, "main"), name="the sleeper's caller")
        await fetching(on, VERIFIED.app_id)
        on.replicas[0].pause()  # WeChat's answer is on its way
        on.sandbox.tokens.expire(VERIFIED.app_id, supersede=True)
        await answered(on, 1, "main")
        assert fetches(on, VERIFIED.app_id) == 2
        on.replicas[0].resume()
        for _ in range(5):
            await answered(on, 0, "main")
            await answered(on, 1, "main")
    finally:
        await tasks.aclose()
    assert fetches(on, VERIFIED.app_id) == 2


async def test_088_the_lease_of_who_was_killed_ends_and_the_next_one_fetches(on: OnRedis) -> None:
    on.sandbox.faults.add(Fault(kind="slow", path=STABLE, seconds=5))
    tasks = TaskSet()
    try:
        tasks.start(asked(on, 0, "personal"), name="the dead one's caller")
        await fetching(on, PERSONAL.app_id)
        assert await on.replicas[0].end(signal.SIGKILL) == -signal.SIGKILL
        await answered(on, 1, "personal")
    finally:
        await tasks.aclose()
    assert fetches(on, PERSONAL.app_id) == 2
    await on.replicas.start()
    await answered(on, 0, "personal")
    assert fetches(on, PERSONAL.app_id) == 2
