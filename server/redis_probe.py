"""What the doctor looks at in Redis."""

import time
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError

from cache.nodes import FollowedNodes, Node
from cache.redis import RedisLink
from cache.redis_url import Kind
from core.clock import Clock
from core.errors import GatewayError, Text
from server.findings import Finding, fail, ok, warn, worst
from server.redis_layout import NAME, examine_layout, unreachable

_OLDEST = (6, 2)
_SLOW_MS = 20
_CLOCK_S = 5


class RedisAwayError(GatewayError):
    """Redis is configured and gives no answer."""

    status = 503
    code = "redis_away"
    category = "system"
    message = Text("Redis 没有应答", "Redis does not answer")
    hint = Text(
        "检查 redis.url 与密码；期间网关用内存顶着，多实例之间暂不共享 token 与限额",
        "check redis.url and password; meanwhile memory is used, and replicas share nothing",
    )


async def examine_redis(link: RedisLink | None, *, clock: Clock = time.time) -> Finding:
    """How its servers hold together, and of each its version, eviction, clock and latency.

    The worst of it. Raises RedisAwayError.
    """
    if link is None:
        return ok(NAME, "未配置，用进程内存", "none configured, memory is used")
    if isinstance(link.nodes, FollowedNodes):
        found = await examine_layout(link.nodes)
        if found is not None:
            return found
    servers = [await _examine_server(link, node, clock) for node in link.nodes.all()]
    if not servers:
        raise RedisAwayError
    status = worst(servers)
    found = next(server for server in servers if server.status == status)
    return _all_well(link.kind, len(servers), found.found) if status == "ok" else found


def _all_well(kind: Kind, masters: int, first: Text) -> Finding:
    if kind == "sentinel":
        return ok(NAME, f"Sentinel 主节点：{first.zh}", f"a Sentinels' master: {first.en}")
    if kind == "cluster":
        return ok(NAME, f"集群，{masters} 主：{first.zh}", f"a Cluster of {masters}: {first.en}")
    return ok(NAME, first.zh, first.en)


async def _examine_server(link: RedisLink, node: Node, clock: Clock) -> Finding:
    # Past the breaker: a person asks, and wants to know how it is now.
    redis = node.redis
    try:
        info = await _info(redis)
        if link.kind == "single" and (found := _not_alone(info)):
            return found
        await redis.ping()  # with the time to connect
        started = time.perf_counter()
        seconds, _micros = await redis.time()
        latency_ms = (time.perf_counter() - started) * 1000
    except (RedisError, OSError):
        if link.kind == "single":
            raise RedisAwayError from None
        return unreachable(link.kind, node.address)
    return judge(info, off_s=abs(clock() - seconds), latency_ms=latency_ms)


async def _info(redis: Redis) -> dict[str, Any]:
    try:
        return await redis.info()
    except NoPermissionError:  # an ACL may forbid INFO
        return {}


def _not_alone(info: dict[str, Any]) -> Finding | None:
    """What the URL of one server leads to, if that is not all there is to it."""
    mode = info.get("redis_mode")
    if mode in ("sentinel", "cluster"):
        name = "Sentinel" if mode == "sentinel" else "Cluster"
        url = "redis+sentinel://…/mymaster" if mode == "sentinel" else "redis+cluster://…"
        return fail(
            NAME,
            Text(f"这是 Redis {name}", f"this is a Redis {name}"),
            Text(*[f'[redis]\nurl = "{url}"'] * 2),
        )
    if info.get("role") == "slave":
        return fail(
            NAME,
            Text("这是只读的副本", "this is a replica, which takes no writes"),
            Text(
                "redis.url 指向主节点，或用 redis+sentinel:// 让 Sentinel 说出谁是主节点",
                "let redis.url name the master, or redis+sentinel:// and the Sentinels will",
            ),
        )
    return None


def judge(info: dict[str, Any], *, off_s: float, latency_ms: float) -> Finding:
    """The most important of what `info` (Redis's INFO, empty if forbidden) and the figures say."""
    if not info:
        return warn(
            NAME,
            Text(
                "不许查 INFO：重启或恢复过的 Redis 认不出来，丢掉的 nonce 可能被再收一次",
                "INFO is forbidden: a Redis that was restored looks like one that went on, and "
                "nonces that it lost may be taken again",
            ),
            Text(*["redis-cli ACL SETUSER <user> +info"] * 2),
        )
    version = str(info.get("redis_version", "?"))
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if version != "?" and tuple(map(int, version.split(".")[:2])) < _OLDEST:
        return fail(
            NAME,
            Text(f"版本 {version} 太旧", f"version {version} is too old"),
            Text("升级到 Redis 6.2 或更新", "upgrade to Redis 6.2 or later"),
        )
    if int(info.get("maxmemory", 0)) and policy.startswith("allkeys"):
        return warn(
            NAME,
            Text(
                f"内存满时会丢弃任意键（{policy}），包括防重放的 nonce 和锁",
                f"when full it drops any key ({policy}), nonces and locks included",
            ),
            Text(*["redis-cli CONFIG SET maxmemory-policy noeviction"] * 2),
        )
    if off_s > _CLOCK_S:
        return warn(
            NAME,
            Text(f"时钟与本机相差 {off_s:.0f} 秒", f"its clock is {off_s:.0f} s off"),
            Text(
                "在两边都开启时间同步：timedatectl set-ntp true", "timedatectl set-ntp true on both"
            ),
        )
    if latency_ms > _SLOW_MS:
        return warn(
            NAME,
            Text(f"一次往返 {latency_ms:.0f} 毫秒", f"a round trip takes {latency_ms:.0f} ms"),
            Text("把 Redis 放在同一台机器或同一机房", "run Redis on this machine or beside it"),
        )
    return ok(NAME, f"{version}，{latency_ms:.1f} 毫秒", f"{version}, {latency_ms:.1f} ms")
