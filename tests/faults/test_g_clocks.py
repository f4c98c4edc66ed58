"""Two `wxgate serve`, one on a host whose clock differs from Redis' and PostgreSQL's: 134."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RedisServer
from tests.faults.on_redis import OnRedis, open_on_redis

pytestmark = pytest.mark.slow

FIVE_MINUTES_S = 300


@pytest.fixture(params=[FIVE_MINUTES_S, -FIVE_MINUTES_S], ids=["ahead", "behind"])
async def on(
    request: pytest.FixtureRequest, migrated_postgres: str, tmp_path: Path
) -> AsyncIterator[OnRedis]:
    """The first one's clock is wrong."""
    with ExitStack() as stack:
        server = RedisServer(tmp_path)
        stack.callback(server.kill)
        server.start()
        async with open_on_redis(
            tmp_path, migrated_postgres, [server.url] * 2, first_ahead_s=request.param
        ) as opened:
            yield opened


async def stats(on: OnRedis, number: int) -> dict[str, Any]:
    told: dict[str, Any] = (await on.callers[number].get("/v1/stats/cache")).json()
    return told


async def test_134_lives_are_relative_so_that_a_wrong_clock_shortens_and_lengthens_none(
    on: OnRedis,
) -> None:
    assert "hit" in await on.work(4)
    assert on.tokens() == 1
    left = [(await stats(on, number))["tokens"]["main"]["seconds_left"] for number in range(2)]
    assert abs(left[0] - left[1]) < 60
    assert left[0] > 7_200 - 60
    jobs = [await on.hand_in(number, f"钟差{number}") for number in range(2)]
    assert [await on.ended(job) for job in jobs] == ["succeeded"] * 2
    assert len(on.sandbox.ledger.entries("publication")) == 2
    assert on.tokens() == 1
