import signal

from pydantic import SecretStr
from sqlalchemy import select

from cache.connecting import open_redis
from cache.counters import MemoryCounters
from cache.keys import Keys
from cache.nodes import SingleNode
from cache.redis import RedisLink
from cache.settings import RedisSettings
from cache.stats import CacheStatistics
from core.metrics import Metrics
from proxy.quota import QuotaLedger
from server.limiting import Common, open_counters, open_limiter
from server.settings import Settings
from store.engine import Database
from store.tables import granted
from tests.conftest import RedisServer
from tests.gateway import CLIENTS, MAIN

MENU = "/cgi-bin/menu/get"


async def test_without_redis_this_process_counts_alone() -> None:
    async with open_counters(None, Keys("t")) as (days, months):
        days.add("wx1", MENU, "2026-11-22")
        assert months.get("wx1", MENU, "2026-11") == 0
        ledger = QuotaLedger(days, months=months)
        async with open_limiter(
            Settings(), Common(), ledger, CacheStatistics(Metrics())
        ) as limiter:
            with await limiter.admit(CLIENTS[0], MAIN, MENU):
                pass
            told = await limiter.describe([CLIENTS[0]], [])
    assert (told["shared"], told["items"][0]["used"]) == (False, 1)


async def test_on_one_redis_gateways_count_together_and_months_live_longer(redis_url: str) -> None:
    redis = open_redis(RedisSettings(url=SecretStr(redis_url), socket_timeout_s=5))
    link, keys = RedisLink(SingleNode(redis)), Keys("wxgate")
    settings = Settings.model_validate({"redis": {"url": redis_url}})
    async with open_counters(link, keys) as (days, months):
        days.add("wx1", MENU, "2026-11-22")
        months.add("wx1", "clear_quota", "2026-11")
        ledger = QuotaLedger(days, months=months)
        async with (
            open_limiter(settings, Common(link), ledger, CacheStatistics(Metrics())) as first,
            open_limiter(settings, Common(link), ledger, CacheStatistics(Metrics())) as second,
        ):
            used = 0
            while not used:  # on a busy machine Redis may be too slow now and then
                with await first.admit(CLIENTS[0], MAIN, MENU):
                    pass
                used = (await second.describe([CLIENTS[0]], []))["items"][0]["used"]
    lives = [await redis.ttl(keys.calls("wx1", when)) for when in ("2026-11-22", "2026-11")]
    await redis.aclose()
    assert 86_400 < lives[0] <= 2 * 86_400
    assert lives[1] > 31 * 86_400


async def test_with_postgresql_beneath_calls_are_known_without_redis_too(
    redis_server: RedisServer, postgres: Database
) -> None:
    settings = Settings.model_validate({"redis": {"url": redis_server.url}})
    redis = open_redis(settings.redis)
    common = Common(RedisLink(SingleNode(redis)), postgres)
    ledger = QuotaLedger(MemoryCounters())
    for _ in range(2):
        async with open_limiter(settings, common, ledger, CacheStatistics(Metrics())) as limiter:
            for _ in range(3):
                with await limiter.admit(CLIENTS[0], MAIN, MENU):
                    pass
        if redis_server.process is not None:
            redis_server.kill()
    await redis.aclose()
    async with postgres.read() as connection:
        kept = list((await connection.execute(select(granted.c.rule, granted.c.calls))).all())
    assert {rule.split(":")[0]: sum(calls.values()) for rule, calls in kept} == {"client": 6}


async def test_counts_that_come_too_late_take_redis_from_nothing_else(
    redis_server: RedisServer,
) -> None:
    settings = Settings.model_validate({"redis": {"url": redis_server.url}})
    redis = open_redis(settings.redis)
    link = RedisLink(SingleNode(redis))
    ledger = QuotaLedger(MemoryCounters())
    statistics = CacheStatistics(Metrics())
    statistics.add_redis(link)
    async with open_limiter(settings, Common(link), ledger, statistics) as limiter:
        assert redis_server.process is not None
        redis_server.process.send_signal(signal.SIGSTOP)
        try:
            for _ in range(8):  # more than open a breaker
                with await limiter.admit(CLIENTS[0], MAIN, MENU):
                    pass
            told = await limiter.describe([CLIENTS[0]], [])
            shown = statistics.snapshot()
        finally:
            redis_server.process.send_signal(signal.SIGCONT)
    await redis.aclose()
    assert not told["shared"]
    assert link.up
    assert (shown["redis"]["up"], shown["redis_limits"]["up"]) == (True, False)
    measured = statistics.metrics.render()
    for purpose, up in ((b"all", b"1.0"), (b"limits", b"0.0")):
        assert b'wxgate_redis_up{kind="single",purpose="%s"} %s' % (purpose, up) in measured
