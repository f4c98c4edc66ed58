"""A Cluster of real servers."""

import asyncio
from typing import Self

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.crc import key_slot

from cache.cluster import ClusterSlots
from cache.connecting import open_nodes, open_redis
from cache.nodes import ALL_SLOTS, LayoutUnknown
from cache.redis import RedisAway, RedisLink
from cache.settings import RedisSettings
from tests.redises import RedisCluster, RedisServer, free_port

FIRST, SECOND = "b", "foo"  # keys of the first and of the third server


def settings_of(url: str) -> RedisSettings:
    # A busy machine is no outage.
    return RedisSettings(url=SecretStr(url), socket_timeout_s=5, connect_timeout_s=5)


async def write(link: RedisLink, key: str) -> bool:
    try:
        return bool(await link.run(lambda redis: redis.incr(key), key))
    except RedisAway:
        return False


async def test_any_node_names_them_all(redis_cluster_url: str) -> None:
    one = redis_cluster_url.partition(",")[0]
    async with open_nodes(settings_of(one)) as nodes:
        link = RedisLink(nodes)
        assert link.kind == "cluster"
        assert len(nodes.all()) == 3
        for number in range(50):
            assert await write(link, f"key{number}")
        assert (link.up, link.errors) == (True, 0)


async def test_a_dead_master_stops_its_own_keys_alone_and_its_replica_takes_over(
    redis_cluster: RedisCluster,
) -> None:
    dead = redis_cluster.master_of(FIRST)
    async with open_nodes(settings_of(redis_cluster.url)) as nodes:
        link = RedisLink(nodes)
        assert await write(link, FIRST)
        dead.kill()
        assert not await write(link, FIRST)
        assert await write(link, SECOND)
        async with asyncio.timeout(30):
            while not await write(link, FIRST):
                await asyncio.sleep(0.05)
        node = nodes.of(FIRST)
        assert node is not None
        assert node.address[1] == redis_cluster.servers[3].port
        async with asyncio.timeout(30):
            while not await write(link, SECOND):  # the Cluster was down as a whole meanwhile
                await asyncio.sleep(0.05)
        assert link.up


async def test_a_slot_that_has_moved_is_followed_with_nothing_done_twice(
    redis_cluster: RedisCluster,
) -> None:
    async with open_nodes(settings_of(redis_cluster.url)) as nodes:
        link = RedisLink(nodes)
        _move(redis_cluster, FIRST, redis_cluster.servers[1])
        assert await link.run(lambda redis: redis.incr(FIRST), FIRST) == 1

        async def together(redis: Redis) -> list[int]:
            async with redis.pipeline(transaction=True) as pipeline:
                pipeline.incr(FIRST)
                pipeline.incr(FIRST)
                return await pipeline.execute()

        _move(redis_cluster, FIRST, redis_cluster.servers[2], keys=True)
        assert await link.run(together, FIRST) == [1, 2]
        assert (link.up, link.errors) == (True, 0)


def _move(cluster: RedisCluster, key: str, to: RedisServer, *, keys: bool = False) -> None:
    """Give the slot of `key` to another master at once; what it holds is forgotten."""
    slot = str(key_slot(key.encode()))
    if keys:
        cluster.servers[1].ask("DEL", key)
    to_id = to.ask("CLUSTER", "MYID").decode()
    for server in (to, *cluster.servers[:3]):
        server.ask("CLUSTER", "SETSLOT", slot, "NODE", to_id)


async def test_while_a_slot_moves_it_counts_as_away(redis_cluster: RedisCluster) -> None:
    source, target = redis_cluster.master_of(FIRST), redis_cluster.servers[1]
    ids = [server.ask("CLUSTER", "MYID").decode() for server in (source, target)]
    slot = str(key_slot(FIRST.encode()))
    async with open_nodes(settings_of(redis_cluster.url)) as nodes:
        link = RedisLink(nodes)
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0])
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1])
        assert not await write(link, FIRST)
        assert await write(link, SECOND)
        source.ask("CLUSTER", "SETSLOT", slot, "STABLE")
        assert await write(link, FIRST)


async def test_a_server_that_is_no_cluster_says_so(redis_url: str) -> None:
    async with open_nodes(settings_of(redis_url.replace("redis:", "redis+cluster:"))) as nodes:
        link = RedisLink(nodes)
        with pytest.raises(RedisAway):
            await link.run(lambda redis: redis.ping(), "k")
        assert list(nodes.all()) == []


class Says(Redis):
    """A node that says that, without a network."""

    def __init__(self, state: str, port: int) -> None:
        super().__init__()
        self.answers: list[object] = [
            {"cluster_state": state},
            [[0, ALL_SLOTS - 1, [b"", port, b"id"]]],
        ]

    def pipeline(self, *_args: object, **_options: object) -> "Says":  # type: ignore[override]
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return

    def execute_command(self, *_args: object, **_options: object) -> None:  # type: ignore[override]
        return

    async def execute(self) -> list[object]:
        return self.answers


async def test_a_node_that_was_cut_off_is_believed_only_if_no_other_is_well() -> None:
    clients = {("a", 1): Says("fail", 1), ("b", 2): Says("ok", 2)}
    slots = ClusterSlots(list(clients))
    (owner,) = await slots.owners(clients.__getitem__)
    assert owner.address == ("b", 2)  # it does not know its own name
    (owner,) = await ClusterSlots([("a", 1)]).owners(clients.__getitem__)
    assert owner.address == ("a", 1)


async def test_without_any_node_the_layout_is_unknown() -> None:
    client = open_redis(settings_of(f"redis://127.0.0.1:{free_port()}"))
    with pytest.raises(LayoutUnknown):
        await ClusterSlots([("127.0.0.1", 1)]).owners(lambda _: client)
    await client.aclose()
