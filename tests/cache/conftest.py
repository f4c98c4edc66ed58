from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from cache.backed_windows import BackedWindows
from cache.connecting import open_nodes, open_redis
from cache.nodes import SingleNode
from cache.redis import RedisLink
from cache.settings import RedisSettings
from core.tasks import TaskSet
from tests.cache.backed import backed
from tests.cache.grants import OwnGrants
from tests.conftest import RedisServer


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
def grants(time: Time) -> OwnGrants:
    return OwnGrants(time)


@pytest.fixture
async def opened(
    redis_server: RedisServer, grants: OwnGrants, time: Time
) -> AsyncIterator[Callable[..., BackedWindows]]:
    """Opens windows of a gateway of its own, by grants, on the test's Redis or another one."""
    clients: list[Redis] = []
    tasks = TaskSet()

    def open_windows(url: str = redis_server.url) -> BackedWindows:
        clients.append(open_redis(RedisSettings(url=SecretStr(url))))
        return backed(clients[-1], grants, tasks, time)

    yield open_windows
    await tasks.aclose()
    for client in clients:
        await client.aclose()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    # A busy machine is no outage: those have tests of their own.
    settings = RedisSettings(url=SecretStr(redis_url), socket_timeout_s=5, connect_timeout_s=5)
    client = open_redis(settings)
    yield client
    await client.aclose()


@pytest.fixture
def link(redis: Redis) -> RedisLink:
    return RedisLink(SingleNode(redis))


@pytest.fixture
async def cluster_link(redis_cluster_url: str) -> AsyncIterator[RedisLink]:
    """A link to a Cluster of three; every command must have gone to the right server at once."""
    patient = {"socket_timeout_s": 5, "connect_timeout_s": 5}
    async with open_nodes(RedisSettings(url=SecretStr(redis_cluster_url), **patient)) as nodes:
        link = RedisLink(nodes)
        yield link
        for node in nodes.all():
            refused = await link.run_at(node, lambda redis: redis.info("errorstats"))
            assert not {"errorstat_MOVED", "errorstat_CROSSSLOT"} & refused.keys()
        assert link.errors == 0


def link_for(request: pytest.FixtureRequest) -> RedisLink:
    """The link that a fixture's parameter asks for: "cluster" means three servers, all else one."""
    name = "cluster_link" if request.param == "cluster" else "link"
    link: RedisLink = request.getfixturevalue(name)
    return link
