"""What the doctor says of Sentinels and Clusters: all real."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from cache.connecting import open_nodes
from cache.redis import RedisLink
from cache.settings import RedisSettings
from server.findings import Finding
from server.redis_probe import examine_redis
from tests.redises import RedisCluster, RedisSentinels, RedisServer, free_port, until

WELL = ("ok", "warn")  # latency is a matter of this machine's load


@asynccontextmanager
async def linked(url: str) -> AsyncIterator[RedisLink]:
    async with open_nodes(RedisSettings(url=SecretStr(url))) as nodes:
        yield RedisLink(nodes)


async def examined(url: str) -> Finding:
    async with linked(url) as link:
        return await examine_redis(link)


async def test_sentinels_that_all_answer_are_well(redis_sentinels: RedisSentinels) -> None:
    found = await examined(redis_sentinels.url)
    assert found.status in WELL
    if found.status == "ok":
        assert "Sentinels' master" in found.found.en


async def test_a_sentinel_that_is_gone_is_named(redis_sentinels: RedisSentinels) -> None:
    gone = redis_sentinels.sentinels[1]
    gone.kill()
    found = await examined(redis_sentinels.url)
    assert (found.status, f"127.0.0.1:{gone.port}" in found.found.en) == ("warn", True)


@pytest.mark.parametrize(
    ("kind", "path", "word"),
    [
        ("sentinel", "/mymaster", "no Sentinel answers"),
        ("cluster", "", "no node of the Cluster answers"),
    ],
)
async def test_nobody_at_all_is_told(kind: str, path: str, word: str) -> None:
    found = await examined(f"redis+{kind}://127.0.0.1:{free_port()}{path}")
    assert (found.status, found.found.en) == ("fail", word)


async def test_a_name_that_the_sentinels_do_not_know_is_told(
    redis_sentinels: RedisSentinels,
) -> None:
    found = await examined(redis_sentinels.url.replace("/mymaster", "/other"))
    assert found.found.en == "the Sentinels know no master other"


async def test_a_password_that_the_sentinels_want_is_told(redis_server: RedisServer) -> None:
    redis_server.ask("CONFIG", "SET", "requirepass", "x")
    found = await examined(f"redis+sentinel://127.0.0.1:{redis_server.port}/mymaster")
    assert found.found.en == "the Sentinels refuse the password"
    assert found.fix is not None
    assert "sentinel_password" in found.fix.en


async def test_a_master_that_is_down_is_told_by_whoever_sees_it(
    redis_sentinels: RedisSentinels,
) -> None:
    redis_sentinels.replica.kill()
    async with linked(redis_sentinels.url) as link:
        redis_sentinels.master.pause()
        found = await examine_redis(link)
        assert f"127.0.0.1:{redis_sentinels.master.port} does not answer" in found.found.en
        assert found.fix is not None
        assert "replica-announce-ip" in found.fix.en

        def down() -> bool:
            states = [each.ask("SENTINEL MASTER", "mymaster") for each in redis_sentinels.sentinels]
            return all(state["is_odown"] or state["is_sdown"] for state in states)

        until(down)
        assert "the master is down" in (await examine_redis(link)).found.en


async def test_a_cluster_that_is_whole_is_well(redis_cluster_url: str) -> None:
    found = await examined(redis_cluster_url)
    assert found.status in WELL
    if found.status == "ok":
        assert "a Cluster of 3" in found.found.en


async def test_slots_without_a_node_are_counted(redis_cluster: RedisCluster) -> None:
    async with linked(redis_cluster.url) as link:
        for server in redis_cluster.servers:
            server.ask("CLUSTER", "DELSLOTS", "0", "1")
        found = await examine_redis(link)
        assert (found.status, "2 slots have no node" in found.found.en) == ("fail", True)


async def test_a_server_that_is_no_cluster_is_told_and_what_to_write(redis_url: str) -> None:
    found = await examined(redis_url.replace("redis:", "redis+cluster:"))
    assert found.found.en == "this Redis is no Cluster"


async def test_a_cluster_or_sentinel_behind_the_url_of_one_server_is_told(
    redis_sentinels: RedisSentinels, redis_cluster_url: str
) -> None:
    node = redis_cluster_url.partition(",")[0].replace("+cluster", "")
    for url, kind in ((node, "cluster"), (redis_sentinels.sentinels[0].url, "sentinel")):
        found = await examined(url)
        assert found.status == "fail"
        assert found.fix is not None
        assert f"redis+{kind}://" in found.fix.en


async def test_a_replica_is_told(redis_sentinels: RedisSentinels) -> None:
    found = await examined(redis_sentinels.replica.url)
    assert "this is a replica" in found.found.en
