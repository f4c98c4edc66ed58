"""What the doctor looks at on this side of the wire. Each probe says "ok" or raises."""

from accounts.master_key import load_master_key
from cache.redis import RedisAway, RedisLink
from core.errors import GatewayError, Text
from server.data_dir import make_data_dir
from server.doctor import Probe
from server.settings import Settings
from store.engine import open_database
from store.migrate import require_current


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


def probes_of(settings: Settings, link: RedisLink | None) -> dict[str, Probe]:
    """By the name that a person is shown."""

    async def data_dir() -> Text:
        make_data_dir(settings.server.data_dir)
        return Text(*[str(settings.server.data_dir.resolve())] * 2)

    async def master_key() -> Text:
        load_master_key(settings.secrets, settings.server.data_dir)
        return Text("可用", "usable")

    async def database() -> Text:
        async with open_database(settings.database, settings.server.data_dir) as opened:
            await opened.ping()
            if opened.is_sqlite:  # serve brings that up to date by itself
                return Text("SQLite", "SQLite")
            await require_current(opened)
            return Text("PostgreSQL", "PostgreSQL")

    async def redis() -> Text:
        if link is None:
            return Text("未配置，用进程内存", "none configured, memory is used")
        try:
            await link.run(lambda client: client.get("wxgate:ping"))
        except RedisAway:
            raise RedisAwayError from None
        return Text("可用", "usable")

    return {
        "data_dir": data_dir,
        "master key": master_key,
        "database": database,
        "redis": redis,
    }
