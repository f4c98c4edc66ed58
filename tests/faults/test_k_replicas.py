"""A limit of two `wxgate serve` that die, on a Redis that is lost: 178."""

from pathlib import Path

import pytest

from tests.conftest import RedisServer
from tests.faults.on_redis import PLAIN, OnRedis, open_on_redis

pytestmark = pytest.mark.slow


async def let_through(on: OnRedis, number: int, times: int) -> int:
    """How many of so many calls one replica lets through."""
    answers = [await on.callers[number].get(PLAIN) for _ in range(times)]
    assert {answer.status_code for answer in answers} <= {200, 429}
    return sum(answer.status_code == 200 for answer in answers)


async def test_178_a_limit_holds_whatever_is_killed(
    replicas_database: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    urls = [redis_server.url] * 2
    async with open_on_redis(tmp_path, replicas_database, urls, rate_limit="12/hour") as on:
        assert await let_through(on, 0, 5) == 5
        redis_server.kill()
        assert await on.replicas[0].end() != 0  # nobody else knows of its calls
        await on.replicas[0].start()
        assert await let_through(on, 1, 4) == 4  # more than a share of what is left
        redis_server.start()  # it knows of none
        assert await let_through(on, 0, 20) == 3
        assert await let_through(on, 1, 20) == 0
        assert len([call for call in on.sandbox.calls.seen if call.path == PLAIN]) == 12
