import pytest

from core.metrics import Metrics
from proxy.base_urls import BaseUrls, BreakerOpen
from proxy.breaker import BreakerRules
from proxy.upstream import Silent, Unreachable
from tests.gateway import MAIN, PERSONAL
from tests.proxy.conftest import Time
from wechat.call import NotSent, OutcomeUnknown

A, B, C = "https://a.test", "https://b.test", "https://c.test"
REFUSED, LOST = Unreachable(reason="x"), OutcomeUnknown(reason="x")
SILENT = Silent(reason="TimeoutError")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def urls(time: Time, metrics: Metrics) -> BaseUrls:
    rules = BreakerRules(min_calls=4, open_s=10)
    return BaseUrls((A, B, C), metrics, rules, monotonic=time.monotonic)


def went_to(urls: BaseUrls, *tried: str) -> str:
    visit = urls.visit(MAIN, tried)
    visit.ended(failed=None)
    return visit.base_url


def break_off(urls: BaseUrls, *, times: int = 4) -> None:
    """Calls of MAIN that get no answer from the preferred host."""
    for _ in range(times):
        urls.visit(MAIN).ended(LOST, failed=True)


def test_the_first_host_is_called_while_it_is_well(urls: BaseUrls) -> None:
    for _ in range(10):
        visit = urls.visit(MAIN)
        visit.ended(failed=False)
        assert visit.base_url == A


def test_a_call_goes_on_to_the_hosts_that_it_has_not_tried(urls: BaseUrls) -> None:
    assert [went_to(urls, *tried) for tried in ([A], [A, B], [A, B, C])] == [B, C, A]


@pytest.mark.parametrize("failure", [REFUSED, SILENT])
def test_a_host_that_gives_no_connection_or_no_answer_is_left_for_a_while_by_all(
    urls: BaseUrls, time: Time, failure: Unreachable | Silent
) -> None:
    urls.visit(MAIN).ended(failure, failed=True)
    assert went_to(urls) == B
    assert urls.visit(PERSONAL).base_url == B
    time.now += 30
    assert went_to(urls) == A


def test_a_host_that_answers_again_is_the_first_again_at_once(urls: BaseUrls) -> None:
    urls.visit(MAIN).ended(REFUSED, failed=True)
    urls.note(A, well=True)
    assert went_to(urls) == A


@pytest.mark.parametrize("failure", [LOST, NotSent(reason="broke before the body")])
def test_a_connection_that_breaks_is_no_reason_to_leave_a_host(
    urls: BaseUrls, failure: NotSent | OutcomeUnknown
) -> None:
    urls.visit(MAIN).ended(failure, failed=True)
    assert went_to(urls) == A


def test_with_all_hosts_left_the_first_is_tried(urls: BaseUrls) -> None:
    for url in (A, B, C):
        urls.note(url, well=False)
    assert went_to(urls) == A


def test_an_open_breaker_sends_the_account_to_the_next_host_and_no_other(
    urls: BaseUrls, time: Time
) -> None:
    break_off(urls)
    assert went_to(urls) == B
    assert urls.visit(PERSONAL).base_url == A
    time.now += 10
    assert went_to(urls) == A  # as a probe


def test_with_all_breakers_open_a_call_fails_at_once_and_says_for_how_long(
    urls: BaseUrls, time: Time
) -> None:
    for _ in range(3):
        break_off(urls)
        time.now += 2
    with pytest.raises(BreakerOpen) as caught:
        urls.visit(MAIN)
    assert caught.value.retry_after_s == 4  # when the first one's time is over
    assert (caught.value.status, caught.value.errcode) == (503, -1)
    urls.visit(PERSONAL)


def test_states_are_told_in_metrics_and_statistics(urls: BaseUrls, metrics: Metrics) -> None:
    break_off(urls)
    urls.note(B, well=False)
    assert 'wxgate_upstream_breaker{account="main",host="a.test"} 1.0' in metrics.render().decode()
    assert urls.breakers("main") == {"a.test": {"state": "open", "opened": 1}}
    assert urls.breakers("personal") == {}
    assert [told["host"] for told in urls.describe()] == ["a.test", "b.test", "c.test"]
    assert urls.describe()[1] == {"host": "b.test", "left_for_s": 30, "connect_ms": None}


def test_a_silent_host_that_takes_connections_is_left_all_the_same(
    urls: BaseUrls, time: Time
) -> None:
    urls.visit(MAIN).ended(SILENT, failed=True)
    urls.rank({A: 0.01, B: 0.05, C: 0.02})
    assert went_to(urls) == C
    time.now += 30
    assert went_to(urls) == A


def test_hosts_are_ranked_by_latency_and_those_out_of_reach_come_last(
    urls: BaseUrls, time: Time
) -> None:
    urls.rank({A: None, B: 0.05, C: 0.02})
    assert list(urls) == [C, B, A]
    assert [told["connect_ms"] for told in urls.describe()] == [20.0, 50.0, None]
    assert went_to(urls) == C
    assert went_to(urls, C) == B
    time.now += 30
    urls.rank({A: 0.01, B: 0.05, C: 0.02})
    assert went_to(urls) == A
