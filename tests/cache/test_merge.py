from typing import Any

from cache.merge import merged
from cache.stats import CacheStatistics, Fill
from core.metrics import Metrics
from tests.cache.conftest import Time

APP = "wx0000000000000001"


def snapshot(
    age_s: int | None, *, hits: int, misses: int, since: float = 1_000.0
) -> dict[str, Any]:
    statistics = CacheStatistics(Metrics(), clock=Time(since))
    for backend in ("memory", "redis"):
        stats = statistics.register("response", backend, lambda: Fill(3, 300, None))
        stats.count("hit", APP, hits)
        stats.count("miss", APP, misses)
    told = {"age_s": age_s, "seconds_left": 7_200 - (age_s or 0), "refreshes": {"cold": 1}}
    statistics.add_section("tokens", lambda: {"main": told})
    return statistics.snapshot()


def test_counts_are_summed_and_ratios_made_anew() -> None:
    both = merged(snapshot(9, hits=3, misses=1), [snapshot(5, hits=0, misses=4, since=10.0)])
    assert both["processes"] == 2
    assert both["since"].startswith("1970-01-01T00:00:10")
    memory, shared = both["caches"]
    assert (memory["entries"], memory["bytes"], memory["capacity"]) == (6, 600, None)
    assert (shared["entries"], shared["bytes"]) == (3, 300)
    counts = memory["accounts"][APP]
    assert (counts["hits"], counts["misses"], counts["ratio"]) == (3, 5, 0.375)
    assert counts["windows"]["5m"]["misses"] == 5
    assert both["tokens"]["main"]["age_s"] == 5
    assert both["tokens"]["main"]["refreshes"] == {"cold": 2}


def test_one_process_is_itself() -> None:
    own = snapshot(None, hits=1, misses=0)
    alone = merged(own, [])
    assert alone == {**own, "processes": 1, "calls": []}
    assert merged(own, [snapshot(7, hits=0, misses=0)])["tokens"]["main"]["age_s"] == 7


def test_a_cache_that_only_another_process_has_is_shown() -> None:
    own, other = snapshot(1, hits=1, misses=1), snapshot(1, hits=1, misses=1)
    other["caches"].append({**other["caches"][0], "backend": "elsewhere"})
    assert len(merged(own, [other])["caches"]) == 3
