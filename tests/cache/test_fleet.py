import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from cache.fleet import Fleet
from cache.keys import Keys
from cache.redis import RedisLink
from cache.stats import CacheStatistics
from core.metrics import Metrics

APP = "wx0000000000000001"


class Process:
    """One process of a fleet."""

    def __init__(self, name: str, link: RedisLink | None) -> None:
        self.statistics = CacheStatistics(Metrics())
        self.statistics.add_section("tokens", dict)
        self.stats = self.statistics.register("response", "memory")
        self.cleared: list[str] = []
        shared = None if link is None else (link, Keys("t"))
        self.fleet = Fleet(
            self.statistics, {"response": self._clear}, process_id=name, shared=shared
        )

    async def _clear(self, app_id: str) -> None:
        self.cleared.append(app_id)

    async def hits(self) -> tuple[int, Any]:
        snapshot = await self.fleet.snapshot()
        return snapshot["processes"], snapshot["caches"][0]["accounts"][APP]["hits"]


async def test_each_process_tells_the_sum_of_all(link: RedisLink, redis: Redis) -> None:
    one, other = Process("one", link), Process("other", link)
    one.stats.count("hit", APP, 2)
    other.stats.count("hit", APP, 3)
    assert await one.hits() == (1, 2)
    assert await other.hits() == (2, 5)
    assert await one.hits() == (2, 5)
    assert 0 < await redis.pttl(Keys("t").fleet()[0]) <= 15_000


async def test_a_process_that_is_gone_is_not_counted(link: RedisLink, redis: Redis) -> None:
    one, other = Process("one", link), Process("other", link)
    other.stats.count("hit", APP, 3)
    await other.fleet.exchange()
    one.stats.count("hit", APP, 2)
    assert await one.hits() == (2, 5)
    await redis.zadd(Keys("t").fleet()[1], {"other": 1})
    assert await one.hits() == (1, 2)


async def test_an_order_to_clear_reaches_every_process_once(link: RedisLink) -> None:
    one, other = Process("one", link), Process("other", link)
    await asyncio.gather(one.fleet.exchange(), other.fleet.exchange())
    await one.fleet.clear("response", APP)
    for process in (one, other, other, one):
        await process.fleet.exchange()
    assert other.cleared == [APP]
    assert set(one.cleared) == {APP}
    late = Process("late", link)
    await late.fleet.exchange()
    assert late.cleared == []


@pytest.mark.parametrize("alone", [True, False])
async def test_without_the_others_one_clears_and_counts_for_itself(
    link: RedisLink, redis: Redis, *, alone: bool
) -> None:
    one = Process("one", None if alone else link)
    if not alone:
        await redis.set(Keys("t").fleet()[0], "spoilt")
    one.stats.count("hit", APP)
    assert await one.hits() == (1, 1)
    await one.fleet.clear("response", APP)
    assert one.cleared == [APP]
