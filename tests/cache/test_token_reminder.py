from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from accounts.master_key import Sealer
from cache.keys import Keys
from cache.redis import RedisAway, RedisLink, open_redis
from cache.redis_tokens import RedisTokenStore
from cache.settings import RedisSettings
from cache.stats import CacheStatistics
from cache.token_reminder import TokenReminder
from cache.tokens import AccessToken, MemoryTokenStore
from core.metrics import Metrics
from tests.cache.conftest import Time
from tests.conftest import RedisServer

APP, OTHER = "wx5a4db0c0ffee0001", "wx5a4db0c0ffee0002"
KEYS = Keys("test")


class Process:
    """What one process knows, and how it reminds Redis."""

    def __init__(self, link: RedisLink, time: Time) -> None:
        register = CacheStatistics(Metrics()).register
        self.shared = RedisTokenStore(link, KEYS, Sealer(b"k" * 32), register, clock=time)
        self.local = MemoryTokenStore(register, clock=time)
        self.reminder = TokenReminder(link, KEYS, self.shared, self.local)

    async def knows_in_redis(self, app_id: str) -> str:
        found = await self.shared.get(app_id)
        return "" if found is None else found.value


@pytest.fixture
async def link(redis_server: RedisServer) -> AsyncIterator[RedisLink]:
    patient = RedisSettings(url=SecretStr(redis_server.url), socket_timeout_s=5)
    client = open_redis(patient)
    yield RedisLink(client)
    await client.aclose()


def token(time: Time, value: str, epoch: int) -> AccessToken:
    return AccessToken(value, time.now + 7_200, epoch, "cold", time.now)


async def test_a_redis_that_came_back_empty_gets_the_tokens_again(
    link: RedisLink, redis_server: RedisServer, time: Time
) -> None:
    process = Process(link, time)
    await process.local.put(APP, token(time, "first", 1))
    await process.local.put(OTHER, token(time, "second", 1))
    await process.reminder.look()
    redis_server.kill()
    with pytest.raises(RedisAway):
        await process.reminder.look()
    redis_server.start()
    await process.reminder.look()
    assert await process.knows_in_redis(APP) == "first"
    assert await process.knows_in_redis(OTHER) == "second"


async def test_a_redis_that_forgot_nothing_is_told_nothing(link: RedisLink, time: Time) -> None:
    process = Process(link, time)
    await process.reminder.look()
    await process.local.put(APP, token(time, "kept here alone", 1))
    await process.reminder.look()
    assert await process.knows_in_redis(APP) == ""


async def test_a_newer_token_of_another_process_stays(link: RedisLink, time: Time) -> None:
    behind, ahead = Process(link, time), Process(link, time)
    await behind.local.put(APP, token(time, "old", 1))
    await ahead.local.put(APP, token(time, "new", 2))
    await ahead.reminder.look()
    await behind.reminder.look()
    assert await behind.knows_in_redis(APP) == "new"


async def test_what_has_expired_is_not_told(link: RedisLink, time: Time) -> None:
    process = Process(link, time)
    await process.local.put(APP, token(time, "old", 1))
    time.now += 7_201
    await process.reminder.look()
    assert process.local.held() == []
    assert await process.knows_in_redis(APP) == ""
