import pytest
from pydantic import SecretStr
from redis.asyncio import BlockingConnectionPool, Redis

from cache.connecting import open_nodes, open_redis
from cache.redis import RedisLink
from cache.settings import RedisSettings
from tests.redises import RedisCluster, RedisSentinels

CLUSTER = "redis+cluster://:of-the-servers@127.0.0.1:1"


def pool_of(redis: Redis) -> BlockingConnectionPool:
    assert isinstance(redis.connection_pool, BlockingConnectionPool)
    return redis.connection_pool


async def test_no_client_repeats_a_command_and_each_has_the_budgets() -> None:
    settings = RedisSettings(url=SecretStr("redis://:pw@127.0.0.1:1/0"), socket_timeout_s=0.2)
    redis = open_redis(settings)
    options = pool_of(redis).connection_kwargs
    assert options["retry"].get_retries() == 0
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (0.2, 0.3)
    assert (options["password"], pool_of(redis).timeout) == ("pw", 0.1)
    await redis.aclose()


@pytest.mark.parametrize("kind", ["redis_sentinels", "redis_cluster"])
async def test_the_servers_password_goes_to_each_server(
    request: pytest.FixtureRequest, kind: str
) -> None:
    group: RedisSentinels | RedisCluster = request.getfixturevalue(kind)
    server = group.servers[0]
    server.ask("CONFIG", "SET", "requirepass", "right")
    url = group.url.replace("://", "://:right@")
    async with open_nodes(RedisSettings(url=SecretStr(url))) as nodes:
        (node,) = (node for node in nodes.all() if node.address[1] == server.port)
        assert await RedisLink(nodes).run_at(node, lambda redis: redis.ping())
