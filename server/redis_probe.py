"""What the doctor looks at in Redis."""

import time
from typing import Any

from cache.redis import RedisAway, RedisLink
from core.clock import Clock
from core.errors import GatewayError, Text
from server.findings import Finding, fail, ok, warn

_NAME = "redis"
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
    """Version, eviction, clock and latency. Raises RedisAwayError."""
    if link is None:
        return ok(_NAME, "未配置，用进程内存", "none configured, memory is used")
    try:
        await link.run(lambda client: client.get("wxgate:ping"))  # with the time to connect
        started = time.perf_counter()
        seconds, _micros = await link.run(lambda client: client.time())
        latency_ms = (time.perf_counter() - started) * 1000
    except RedisAway:
        raise RedisAwayError from None
    try:
        info: dict[str, Any] = await link.run(lambda client: client.info())
    except RedisAway:  # an ACL may forbid INFO
        info = {}
    return judge(info, off_s=abs(clock() - seconds), latency_ms=latency_ms)


def judge(info: dict[str, Any], *, off_s: float, latency_ms: float) -> Finding:
    """The most important of what `info` (Redis's INFO, may be empty) and the figures say."""
    version = str(info.get("redis_version", "?"))
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if version != "?" and tuple(map(int, version.split(".")[:2])) < _OLDEST:
        return fail(
            _NAME,
            Text(f"版本 {version} 太旧", f"version {version} is too old"),
            Text("升级到 Redis 6.2 或更新", "upgrade to Redis 6.2 or later"),
        )
    if int(info.get("maxmemory", 0)) and policy.startswith("allkeys"):
        return warn(
            _NAME,
            Text(
                f"内存满时会丢弃任意键（{policy}），包括防重放的 nonce 和锁",
                f"when full it drops any key ({policy}), nonces and locks included",
            ),
            Text(*["redis-cli CONFIG SET maxmemory-policy noeviction"] * 2),
        )
    if off_s > _CLOCK_S:
        return warn(
            _NAME,
            Text(f"时钟与本机相差 {off_s:.0f} 秒", f"its clock is {off_s:.0f} s off"),
            Text(
                "在两边都开启时间同步：timedatectl set-ntp true", "timedatectl set-ntp true on both"
            ),
        )
    if latency_ms > _SLOW_MS:
        return warn(
            _NAME,
            Text(f"一次往返 {latency_ms:.0f} 毫秒", f"a round trip takes {latency_ms:.0f} ms"),
            Text("把 Redis 放在同一台机器或同一机房", "run Redis on this machine or beside it"),
        )
    return ok(_NAME, f"{version}，{latency_ms:.1f} 毫秒", f"{version}, {latency_ms:.1f} ms")
