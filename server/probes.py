"""What the doctor looks at on this side of the wire. Each probe finds something, or raises."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import text

from accounts.master_key import load_master_key
from cache.redis import RedisLink
from content.words.folder import Problem, problems_in
from core.errors import Text
from proxy.base_urls import host_of
from proxy.latency import LatencyProbe
from server.data_dir import make_data_dir
from server.findings import Finding, fail, ok, warn
from server.redis_probe import examine_redis
from server.settings import Settings
from store.engine import Database, open_database
from store.migrate import require_current

# Says what it found, or raises a GatewayError.
Probe = Callable[[], Awaitable[Finding]]

_OTHERS = 0o077
_LOW_DISK_MB, _NO_DISK_MB = 1_000, 100
_SLOW_MS = 50
_CLOCK_S = 5


def probes_of(settings: Settings, link: RedisLink | None) -> dict[str, Probe]:
    """By the name that a person is shown."""
    directory = settings.server.data_dir

    async def data_dir() -> Finding:
        make_data_dir(directory)
        return examine_directory(directory, free_mb=shutil.disk_usage(directory).free // 1_000_000)

    async def master_key() -> Finding:
        load_master_key(settings.secrets, directory)
        named = settings.secrets.master_key_file
        return examine_key_file(Path(named) if named else directory / "master.key")

    async def database() -> Finding:
        async with open_database(settings.database, directory) as opened:
            return await _examine_database(opened)

    async def redis() -> Finding:
        return await examine_redis(link)

    async def hosts() -> Finding:
        return examine_hosts(
            await LatencyProbe(settings.upstream).measure(settings.upstream.base_urls)
        )

    async def words() -> Finding:
        problems = await asyncio.to_thread(problems_in, settings.content.words.folder)
        return examine_word_lists(problems)

    return {
        "data_dir": data_dir,
        "master key": master_key,
        "database": database,
        "redis": redis,
        "hosts": hosts,
        "word lists": words,
    }


def examine_word_lists(problems: Sequence[Problem]) -> Finding:
    """Whether the lists of sensitive words can all be used."""
    if not problems:
        return ok("word lists", "没有问题", "nothing wrong")
    first = problems[0]
    more = f" (+{len(problems) - 1})" if len(problems) > 1 else ""
    return warn(
        "word lists",
        Text(*(f"{first.list}: {told}{more}" for told in first.what)),
        Text(
            "改好词表，一秒后生效；wxgate check-config 列出全部问题",
            "mend the lists, they count a second later; wxgate check-config tells of them all",
        ),
    )


def examine_hosts(latencies_s: Mapping[str, float | None]) -> Finding:
    """How long connecting to each of WeChat's hosts took, None where it could not be done."""
    told = ", ".join(
        f"{host_of(url)} {'✗' if latency_s is None else f'{latency_s * 1_000:.0f} ms'}"
        for url, latency_s in latencies_s.items()
    )
    if None not in latencies_s.values():
        return ok("hosts", told, told)
    judged = warn if any(latencies_s.values()) else fail
    return judged(
        "hosts",
        Text(f"有微信域名连不上：{told}", f"some of WeChat's hosts cannot be reached: {told}"),
        Text(
            "检查网络、DNS、防火墙与本机时钟；能连上的会自动顶上（upstream.base_urls）",
            "check network, DNS, firewall and clock; those in reach take over (upstream.base_urls)",
        ),
    )


def examine_directory(path: Path, *, free_mb: int) -> Finding:
    """Room and mode of a data_dir that can be written to."""
    where, mode = str(path.resolve()), path.stat().st_mode & 0o777
    if free_mb < _LOW_DISK_MB:
        judged = fail if free_mb < _NO_DISK_MB else warn
        return judged(
            "data_dir",
            Text(f"{where} 只剩 {free_mb} MB", f"{where} has {free_mb} MB left"),
            Text(f"腾出空间，或换到更大的盘：df -h {where}", f"make room: df -h {where}"),
        )
    if mode & _OTHERS:
        return warn(
            "data_dir",
            Text(
                f"{where} 的权限是 {mode:o}，本机其他用户能进去",
                f"{where} has mode {mode:o}: other users of this machine can look into it",
            ),
            Text(*[f"chmod 700 {where}"] * 2),
        )
    return ok("data_dir", f"{where}，剩 {free_mb} MB", f"{where}, {free_mb} MB left")


def examine_key_file(path: Path) -> Finding:
    """The mode of a master key that can be read."""
    mode = path.stat().st_mode & 0o777
    if mode & _OTHERS:
        return fail(
            "master key",
            Text(
                f"{path} 的权限是 {mode:o}：读到它的人能解开所有封装的密钥",
                f"{path} has mode {mode:o}: whoever reads it can open all that is sealed",
            ),
            Text(*[f"chmod 600 {path}"] * 2),
        )
    return ok("master key", f"可用，权限 {mode:o}", f"usable, mode {mode:o}")


async def _examine_database(database: Database) -> Finding:
    await database.ping()  # with the time to connect
    started = time.perf_counter()
    await database.ping()
    latency_ms = (time.perf_counter() - started) * 1000
    if database.is_sqlite:  # serve brings that up to date by itself
        return _judged("SQLite", latency_ms, off_s=0)
    await require_current(database)
    async with database.write() as connection:
        there = await connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())"))
    return _judged("PostgreSQL", latency_ms, off_s=abs(time.time() - float(there or 0)))


def _judged(kind: str, latency_ms: float, *, off_s: float) -> Finding:
    if off_s > _CLOCK_S:
        return warn(
            "database",
            Text(f"{kind} 的时钟与本机相差 {off_s:.0f} 秒", f"{kind}'s clock is {off_s:.0f} s off"),
            Text(
                "在两边都开启时间同步：timedatectl set-ntp true", "timedatectl set-ntp true on both"
            ),
        )
    if latency_ms > _SLOW_MS:
        return warn(
            "database",
            Text(f"{kind} 一次写入要 {latency_ms:.0f} 毫秒", f"{kind} takes {latency_ms:.0f} ms"),
            Text(
                "换更快的盘，或把数据库放近一些；网络盘不适合 SQLite",
                "use a faster disk, or a database nearby; SQLite is not for network drives",
            ),
        )
    return ok("database", f"{kind}，{latency_ms:.1f} 毫秒", f"{kind}, {latency_ms:.1f} ms")
