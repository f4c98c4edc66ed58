import pytest

from cache.call_stats import OTHER, CallStats, Labels, tables_of

ADD = Labels("/cgi-bin/draft/add", "blog", "main")
GET = Labels("/cgi-bin/draft/get", "blog", "second")


def everything(_labels: Labels) -> bool:
    return True


def test_each_call_counts_under_its_endpoint_its_client_and_its_account() -> None:
    stats = CallStats()
    stats.record(ADD, 0.1)
    stats.record(ADD, 0.1, "wechat.quota")
    stats.record(GET, 0.1)
    told = tables_of(stats.describe(), everything)
    assert told["total"]["calls"] == told["clients"]["blog"]["calls"] == 3
    assert told["endpoints"][ADD.endpoint]["calls"] == told["accounts"]["main"]["calls"] == 2
    assert told["accounts"]["main"]["errors"] == {"wechat.quota": 1}
    assert told["accounts"]["second"]["errors"] == {}


def test_what_may_not_be_shown_counts_nowhere() -> None:
    stats = CallStats()
    for labels in (ADD, GET):
        stats.record(labels, 0.1, "wxgate.auth")
    told = tables_of(stats.describe(), lambda labels: labels.account == "main")
    assert told["total"]["calls"] == 1
    assert set(told["endpoints"]) == {ADD.endpoint}
    assert set(told["accounts"]) == {"main"}


def test_processes_are_summed_and_percentiles_are_of_all_their_calls() -> None:
    one, other = CallStats(), CallStats()
    for _ in range(98):
        one.record(ADD, 0.010)
    other.record(ADD, 1.0)
    other.record(ADD, 1.0)
    told = tables_of([*one.describe(), *other.describe()], everything)["total"]
    assert told["calls"] == 100
    assert 10 <= told["latency_ms"]["p50"] == told["latency_ms"]["p90"] <= 12
    assert 1_000 <= told["latency_ms"]["p99"] <= 1_190


@pytest.mark.parametrize("seconds", [0.0, 0.0009, 0.001, 0.0123, 0.5, 7.0, 100.0])
def test_a_latency_is_never_told_too_low_nor_much_too_high(seconds: float) -> None:
    stats = CallStats()
    stats.record(ADD, seconds)
    told = tables_of(stats.describe(), everything)["total"]["latency_ms"]["p50"]
    assert max(seconds * 1000, 1) * 0.995 <= told <= max(seconds * 1000, 1) * 1.2


def test_hours_end_in_the_last_bucket() -> None:
    stats = CallStats()
    stats.record(ADD, 1e9)
    assert tables_of(stats.describe(), everything)["total"]["latency_ms"]["p99"] == 131_000


def test_no_call_has_no_latency() -> None:
    none = {"p50": None, "p90": None, "p99": None}
    assert tables_of([], everything)["total"] == {"calls": 0, "errors": {}, "latency_ms": none}


def test_the_least_recently_used_series_are_added_up_when_there_are_too_many() -> None:
    stats = CallStats(most_series=3)
    for n in range(50):
        stats.record(ADD, 0.1)
        stats.record(Labels(f"/v1/{n}", "blog", "main"), 0.1, "wxgate.params")
        assert len(stats.describe()) <= 3
    told = tables_of(stats.describe(), everything)
    assert told["total"]["calls"] == 100
    assert told["total"]["errors"] == {"wxgate.params": 50}
    assert told["endpoints"][ADD.endpoint]["calls"] == 50
    assert told["endpoints"][OTHER]["calls"] == 49
