"""A master with a replica, and three Sentinels: all real."""

import asyncio
import time
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from cache.connecting import open_nodes, open_redis
from cache.nodes import LayoutUnknown
from cache.redis import RedisAway, RedisLink
from cache.redis_url import Address
from cache.sentinel import Sentinels
from cache.settings import RedisSettings
from tests.redises import RedisSentinels, free_port


def settings_of(url: str, **more: str) -> RedisSettings:
    return RedisSettings(url=SecretStr(url), **{k: SecretStr(v) for k, v in more.items()})


async def until_written(link: RedisLink, value: str) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                await link.run(lambda redis: redis.set("k", value), "k")
            except RedisAway:
                await asyncio.sleep(0.05)
            else:
                return


def master_of(link: RedisLink) -> int:
    (node,) = link.nodes.all()
    return node.address[1]


async def test_a_failover_is_followed_and_nobody_waits_meanwhile(
    redis_sentinels: RedisSentinels,
) -> None:
    async with open_nodes(settings_of(redis_sentinels.url)) as nodes:
        link = RedisLink(nodes)
        await until_written(link, "before")
        assert (link.kind, master_of(link)) == ("sentinel", redis_sentinels.master.port)
        # Stood still, not killed: connections to it stay open, and nothing comes any more.
        redis_sentinels.master.pause()
        slowest, away = 0.0, 0
        async with asyncio.timeout(30):
            while master_of(link) != redis_sentinels.replica.port:
                began = time.monotonic()
                with pytest.raises(RedisAway):
                    await link.run(lambda redis: redis.incr("n"), "n")
                slowest, away = max(slowest, time.monotonic() - began), away + 1
                await asyncio.sleep(0.01)
        assert away > 20  # or they would have waited for the failover
        await until_written(link, "after")
        assert link.up
        # The former master wakes and still thinks that it is one: nobody asks it any more.
        redis_sentinels.master.resume()
        await until_written(link, "later")
        assert redis_sentinels.replica.ask("GET", "k") == b"later"
        assert master_of(link) == redis_sentinels.replica.port


async def test_a_master_that_became_a_replica_is_left(redis_sentinels: RedisSentinels) -> None:
    async with open_nodes(settings_of(redis_sentinels.url)) as nodes:
        link = RedisLink(nodes)
        await until_written(link, "before")
        redis_sentinels.sentinels[0].ask("SENTINEL", "FAILOVER", "mymaster")
        async with asyncio.timeout(30):
            while master_of(link) != redis_sentinels.replica.port:
                await asyncio.sleep(0.05)
        await until_written(link, "after")
        assert redis_sentinels.replica.ask("GET", "k") == b"after"


async def test_sentinels_that_are_gone_are_no_outage_and_one_is_enough(
    redis_sentinels: RedisSentinels,
) -> None:
    for sentinel in redis_sentinels.sentinels[:2]:
        sentinel.kill()
    async with open_nodes(settings_of(redis_sentinels.url)) as nodes:
        link = RedisLink(nodes)
        await until_written(link, "with one")
        redis_sentinels.sentinels[2].kill()
        await asyncio.sleep(1.5)  # it is asked every second
        assert await link.run(lambda redis: redis.get("k"), "k") == b"with one"
        assert link.up


async def test_a_sentinel_that_was_asleep_during_the_failover_is_not_believed() -> None:
    class Says(Redis):
        def __init__(self, port: int, epoch: int) -> None:
            super().__init__()
            self._told = {"ip": "h", "port": port, "config-epoch": epoch}

        async def execute_command(self, *args: object, **options: object) -> object:
            return self._told

    clients: dict[Address, Redis] = {
        ("a", 1): Says(1, 7),
        ("b", 1): Says(2, 8),
        ("c", 1): Says(1, 7),
    }
    (owner,) = await Sentinels(clients, "mymaster").owners(lambda _: Redis())
    assert owner.address == ("h", 2)


async def test_a_name_that_no_sentinel_knows_is_told(redis_sentinels: RedisSentinels) -> None:
    url = redis_sentinels.url.replace("/mymaster", "/other")
    async with open_nodes(settings_of(url)) as nodes:
        link = RedisLink(nodes)
        with pytest.raises(RedisAway) as caught:
            await link.run(lambda redis: redis.ping(), "k")
        assert not caught.value.sent
        assert list(nodes.all()) == []


async def test_the_sentinels_have_a_password_of_their_own(
    redis_sentinels: RedisSentinels, tmp_path: Path
) -> None:
    guarded = redis_sentinels.sentinel(tmp_path / "guarded", "--requirepass", "guard-canary")
    url = redis_sentinels.url_of([guarded])
    async with open_nodes(settings_of(url)) as nodes:
        assert list(nodes.all()) == []
    async with open_nodes(settings_of(url, sentinel_password="guard-canary")) as nodes:
        await until_written(RedisLink(nodes), "x")


async def test_without_any_sentinel_the_layout_is_unknown() -> None:
    client = open_redis(settings_of(f"redis://127.0.0.1:{free_port()}"))
    sentinels = Sentinels({("127.0.0.1", 1): client}, "mymaster")
    with pytest.raises(LayoutUnknown):
        await sentinels.owners(lambda _: client)
    await sentinels.aclose()
