from cache.breaker import Breaker
from tests.cache.conftest import Time


def opened(time: Time) -> Breaker:
    breaker = Breaker(time)
    for _ in range(5):
        breaker.failed()
    return breaker


def test_five_failures_open_it_and_one_may_try_every_two_seconds(time: Time) -> None:
    breaker = opened(time)
    assert not breaker.up
    assert [breaker.admits() for _ in range(3)] == [False] * 3
    time.now += 2.1
    assert [breaker.admits() for _ in range(3)] == [True, False, False]


def test_failures_far_apart_do_not(time: Time) -> None:
    breaker = Breaker(time)
    for _ in range(12):
        breaker.failed()
        time.now += 6
    assert breaker.up


def test_a_success_closes_it_and_what_was_before_is_forgotten(time: Time) -> None:
    breaker = opened(time)
    time.now += 2.1
    assert breaker.admits()
    breaker.worked()
    breaker.failed()
    assert breaker.up
