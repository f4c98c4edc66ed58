from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from redis.asyncio.connection import parse_url

Kind = Literal["single", "sentinel", "cluster"]
Address = tuple[str, int]

_PORTS = {"sentinel": 26379, "cluster": 6379}


@dataclass(frozen=True)
class RedisUrl:
    """What the URL of a Redis says, also of several servers that are one Redis together."""

    kind: Kind
    options: Mapping[str, Any] = field(repr=False)  # of a connection, for redis-py; the password
    hosts: tuple[Address, ...] = ()  # the Sentinels, or nodes of the Cluster to begin with
    service: str = ""  # what the Sentinels call the master


def parse_redis_url(url: str) -> RedisUrl:
    """Read the URL; ValueError, whose text may hold the password, if no Redis can be meant.

    `redis://…` and `unix://…` as redis-py knows them; `redis+sentinel://[user:password@]host:port,
    host:port/service[/db]`; `redis+cluster://[user:password@]host:port,host:port`; with `rediss`
    for TLS, and redis-py's options in the query. User and password are those of the servers.
    """
    scheme, _, rest = url.partition("://")
    protocol, plus, kind = scheme.partition("+")
    if not plus:
        return RedisUrl("single", parse_url(url))
    if protocol not in ("redis", "rediss") or kind not in _PORTS:
        raise ValueError("unknown scheme")
    rest, mark, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    options = {**parse_url(f"{protocol}://{credentials}{at}localhost{mark}{query}")}
    del options["host"]
    addresses = tuple(_address(host, _PORTS[kind]) for host in hosts.split(","))
    if kind == "cluster":
        if path not in ("", "0") or options.get("db"):
            raise ValueError("a Cluster has no other databases")
        return RedisUrl("cluster", options, addresses)
    service, _, db = path.partition("/")
    if not service:
        raise ValueError("the master's name is missing")
    if db:
        options["db"] = int(db)
    return RedisUrl("sentinel", options, addresses, unquote(service))


def _address(text: str, port: int) -> Address:
    parts = urlsplit(f"//{text}")
    if not parts.hostname or "@" in text:
        raise ValueError("a host is missing")
    return parts.hostname, parts.port or port
