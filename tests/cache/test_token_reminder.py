import pytest
from redis.asyncio import Redis

from accounts.master_key import Sealer
from cache.keys import Keys
from cache.redis import RedisLink
from cache.redis_tokens import RedisTokenStore
from cache.stats import CacheStatistics
from cache.token_reminder import TokenReminder
from cache.tokens import AccessToken, MemoryTokenStore
from core.metrics import Metrics
from tests.cache.conftest import Time

APPS = [f"wx5a4db0c0ffee{number:04}" for number in range(8)]
APP = APPS[0]
KEYS = Keys("test")


class Process:
    """What one process knows, and how it reminds Redis."""

    def __init__(self, link: RedisLink, time: Time) -> None:
        register = CacheStatistics(Metrics()).register
        self.shared = RedisTokenStore(link, KEYS, Sealer(b"k" * 32), register, clock=time)
        self.local = MemoryTokenStore(register, clock=time)
        self.reminder = TokenReminder(link, KEYS, self.shared, self.local)

    async def finds(self, app_id: str) -> str:
        """The token of that account in Redis."""
        found = await self.shared.get(app_id)
        return "" if found is None else found.value


def token(time: Time, value: str, epoch: int = 1) -> AccessToken:
    return AccessToken(value, time.now + 7_200, epoch, "cold", time.now)


async def test_a_redis_that_came_back_empty_gets_all_tokens_again(
    link: RedisLink, redis: Redis, time: Time
) -> None:
    process = Process(link, time)
    for app_id in APPS:
        await process.local.put(app_id, token(time, app_id))
    for _ in range(2):
        await process.reminder.look()
        assert [await process.finds(app_id) for app_id in APPS] == APPS
        await redis.flushall()


async def test_one_server_of_a_cluster_that_came_back_empty_does_too(
    cluster_link: RedisLink, time: Time
) -> None:
    process = Process(cluster_link, time)
    for app_id in APPS:
        await process.local.put(app_id, token(time, app_id))
    await process.reminder.look()
    await cluster_link.run(lambda redis: redis.flushall(), KEYS.token(APP))
    assert await process.finds(APP) == ""
    await process.reminder.look()
    assert [await process.finds(app_id) for app_id in APPS] == APPS


async def test_a_redis_that_forgot_nothing_is_told_nothing(
    link: RedisLink, redis: Redis, time: Time
) -> None:
    process = Process(link, time)
    await process.local.put(APP, token(time, "cleared by an order"))
    await process.reminder.look()
    await redis.delete(KEYS.token(APP))
    await process.reminder.look()
    assert await process.finds(APP) == ""


async def test_a_newer_token_of_another_process_stays(link: RedisLink, time: Time) -> None:
    behind, ahead = Process(link, time), Process(link, time)
    await behind.local.put(APP, token(time, "old", 1))
    await ahead.local.put(APP, token(time, "new", 2))
    await ahead.reminder.look()
    await behind.reminder.look()
    assert await behind.finds(APP) == "new"


async def test_what_has_expired_is_not_told(link: RedisLink, time: Time) -> None:
    process = Process(link, time)
    await process.local.put(APP, token(time, "old"))
    time.now += 7_201
    await process.reminder.look()
    assert process.local.held() == []
    assert await process.finds(APP) == ""


@pytest.mark.parametrize("app_id", APPS[:2])
def test_a_mark_is_kept_by_the_tokens_own_server(app_id: str) -> None:
    assert f"{{{app_id}}}" in KEYS.token_mark(app_id, "me")
    assert KEYS.token_mark(app_id, "me") != KEYS.token_mark(app_id, "you")
