from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from cache.cluster import ClusterSlots
from cache.nodes import FollowedNodes, Layout, Nodes, SingleNode
from cache.redis_url import Address, RedisUrl, parse_redis_url
from cache.sentinel import Sentinels
from cache.settings import RedisSettings

_MAX_CONNECTIONS = 32
_POOL_WAIT_S = 0.1  # with all connections busy, memory answers sooner


@asynccontextmanager
async def open_nodes(settings: RedisSettings) -> AsyncIterator[Nodes]:
    """The servers of the Redis that is configured; its connections are closed at the end."""
    url = parse_redis_url(settings.url.get_secret_value())
    if url.kind == "single":
        redis = open_redis(settings)
        try:
            yield SingleNode(redis)
        finally:
            await redis.aclose()
        return
    connect = partial(_connect_to, settings, url.options)
    async with FollowedNodes(url.kind, _layout(url, settings), connect) as nodes:
        yield nodes


def _layout(url: RedisUrl, settings: RedisSettings) -> Layout:
    if url.kind == "cluster":
        return ClusterSlots(url.hosts)
    credentials = ("username", "password", "db")
    options = {name: value for name, value in url.options.items() if name not in credentials}
    if password := settings.sentinel_password.get_secret_value():
        options["password"] = password
    clients = {host: _connect_to(settings, options, host) for host in url.hosts}
    return Sentinels(clients, url.service)


def open_redis(settings: RedisSettings) -> Redis:
    """A client of the one server that is configured; see `_connect`."""
    return _connect(settings, parse_redis_url(settings.url.get_secret_value()).options)


def _connect_to(settings: RedisSettings, options: Mapping[str, Any], address: Address) -> Redis:
    host, port = address
    return _connect(settings, {**options, "host": host, "port": port})


def _connect(settings: RedisSettings, options: Mapping[str, Any]) -> Redis:
    """A client that fails fast; close it with `aclose()`. Connects with its first command.

    redis-py ≥6 repeats commands by itself (10 times, 59 s on a stalled server; its Sentinel and
    Cluster clients look for other nodes in between): its retry is off, because a repeated INCR
    counts twice and the callers here have a fallback.
    """
    own: dict[str, Any] = {
        "connection_class": Connection,
        "max_connections": _MAX_CONNECTIONS,
        "timeout": _POOL_WAIT_S,
        "socket_timeout": settings.socket_timeout_s,
        "socket_connect_timeout": settings.connect_timeout_s,
        "socket_keepalive": True,
        "health_check_interval": 30,
        "retry": Retry(NoBackoff(), 0),
        "decode_responses": False,
    }
    return Redis.from_pool(BlockingConnectionPool(**{**own, **options}))
