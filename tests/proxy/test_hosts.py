from core.metrics import Metrics
from notify.happening import Happening
from proxy.alarms import Alarms
from proxy.base_urls import BaseUrls
from proxy.breaker import BreakerRules
from proxy.hosts import Hosts
from proxy.upstream import UpstreamSettings
from tests.gateway import MAIN, PERSONAL


def fail(urls: BaseUrls, times: int) -> None:
    for _ in range(times):
        urls.visit(MAIN).ended(failed=True)


def test_breakers_of_the_api_and_of_mp_are_told_of_apart_and_by_account() -> None:
    told: list[Happening] = []
    settings = UpstreamSettings(
        base_urls=("https://api.test",), mp_base_url="https://mp.test", timeout_s=2
    )
    rules = BreakerRules(min_calls=3)
    hosts = Hosts.of(settings, Metrics(), rules, Alarms(told.append))
    fail(hosts.api, 2)
    assert told == []
    fail(hosts.api, 1)
    fail(hosts.mp, 3)
    assert [(one.event, one.key) for one in told] == [
        ("breaker.open", "main api.test"),
        ("breaker.open", "main mp.test"),
    ]
    described = hosts.describe([MAIN, PERSONAL])
    assert described["breakers"]["main"]["api.test"] == {"state": "open", "opened": 1}
    assert described["breakers"]["personal"] == {}
