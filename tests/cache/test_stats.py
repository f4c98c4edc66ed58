from cache.redis import RedisLink
from cache.stats import CacheStatistics, Fill
from core.metrics import Metrics
from tests.cache.conftest import Time

APP = "wx5a4db0c0ffee0001"


def test_events_are_counted_since_start_and_in_three_windows(time: Time) -> None:
    statistics = CacheStatistics(Metrics(), clock=time)
    stats = statistics.register("token", "memory")
    stats.count("miss", APP)
    time.now += 2 * 3_600
    stats.count("hit", APP, 2)
    time.now += 10 * 60
    stats.count("hit", APP)
    shown = statistics.snapshot()["caches"][0]["accounts"][APP]
    assert (shown["hits"], shown["misses"], shown["ratio"]) == (3, 1, 0.75)
    windows = {name: (its["hits"], its["misses"]) for name, its in shown["windows"].items()}
    assert windows == {"5m": (1, 0), "1h": (3, 0), "24h": (3, 1)}


def test_a_day_ago_is_over(time: Time) -> None:
    statistics = CacheStatistics(Metrics(), clock=time)
    stats = statistics.register("token", "memory")
    stats.count("hit", APP)
    time.now += 86_400 + 60
    shown = statistics.snapshot()["caches"][0]["accounts"][APP]
    assert shown["hits"] == 1
    assert shown["windows"]["24h"]["hits"] == 0
    assert shown["windows"]["24h"]["ratio"] is None


def test_every_figure_of_the_contract_is_there(time: Time) -> None:
    statistics = CacheStatistics(Metrics(), clock=time)
    stats = statistics.register("image", "store", lambda: Fill(3, 900, 10))
    for event in ("coalesced", "stale", "set", "eviction", "expiration", "error"):
        stats.count(event, APP)
    cache = statistics.snapshot()["caches"][0]
    assert (cache["cache"], cache["backend"]) == ("image", "store")
    assert (cache["entries"], cache["bytes"], cache["capacity"]) == (3, 900, 10)
    names = (
        *("hits", "misses", "ratio", "coalesced_waits", "stale_served", "sets"),
        *("evictions", "expirations", "errors", "windows"),
    )
    assert set(cache["accounts"][APP]) == set(names)
    assert cache["accounts"][APP]["coalesced_waits"] == 1


def test_events_show_in_the_metrics_too(time: Time) -> None:
    metrics = Metrics()
    CacheStatistics(metrics, clock=time).register("token", "memory").count("hit", APP, 4)
    assert b'wxgate_cache_events_total{cache="token",event="hit"} 4.0' in metrics.render()


async def test_redis_state_and_other_sections_stand_beside_the_caches(
    link: RedisLink, time: Time
) -> None:
    statistics = CacheStatistics(Metrics(), clock=time)
    statistics.add_redis(link)
    statistics.add_section("tokens", lambda: {"main": {"age_s": 3}})
    shown = statistics.snapshot()
    assert (shown["redis"]["kind"], shown["redis"]["nodes"]) == ("single", 1)
    assert shown["redis"]["up"] is True
    assert b'wxgate_redis_up{kind="single",purpose="all"} 1.0' in statistics.metrics.render()
    assert shown["redis"]["switches"] == 0
    assert shown["tokens"] == {"main": {"age_s": 3}}
