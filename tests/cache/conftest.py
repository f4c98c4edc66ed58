from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from cache.redis import RedisLink, open_redis
from cache.settings import RedisSettings


class Time:
    """A clock that tests move."""

    def __init__(self, now: float = 1_795_300_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    # A busy machine is no outage: those have tests of their own.
    settings = RedisSettings(url=SecretStr(redis_url), socket_timeout_s=5, connect_timeout_s=5)
    client = open_redis(settings)
    yield client
    await client.aclose()


@pytest.fixture
def link(redis: Redis) -> RedisLink:
    return RedisLink(redis)
