from cache.counters import MemoryCounters
from cache.responses import MemoryResponses
from cache.settings import CacheSettings
from cache.stats import CacheStatistics
from core.metrics import Metrics
from core.tasks import TaskSet
from proxy.exchange import Build, Exchange, Trip
from proxy.invalidation import WatchedExchanger
from proxy.quota import QuotaLedger
from server.response_cache import make_response_cache


class Silent:
    """An exchanger that is never asked."""

    quota = QuotaLedger(MemoryCounters())

    async def send(self, trip: Trip, build: Build) -> Exchange:
        raise AssertionError(trip.path)


def test_where_the_cache_is_off_calls_are_passed_straight_on() -> None:
    exchanger = Silent()
    for on in (True, False):
        made = make_response_cache(
            CacheSettings(response=on),
            CacheStatistics(Metrics()),
            TaskSet(),
            shared=None,
            alone=True,
        )
        watched = made.watched(exchanger)
        assert isinstance(watched, WatchedExchanger) is on
        assert (watched is exchanger) is not on


def test_without_redis_other_processes_writes_are_unseen_for_a_minute_at_most() -> None:
    lives = []
    for alone in (True, False):
        made = make_response_cache(
            CacheSettings(), CacheStatistics(Metrics()), TaskSet(), shared=None, alone=alone
        )
        assert isinstance(made.store, MemoryResponses)
        lives.append(made.store._max_life_s)
    assert lives == [float("inf"), 60.0]
