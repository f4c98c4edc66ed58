import pytest

from proxy.breaker import Breaker, BreakerRules, State
from tests.proxy.conftest import Time

RULES = BreakerRules(window_s=30, min_calls=10, failure_share=0.5, open_s=10, probes=2)


class Changes:
    def __init__(self) -> None:
        self.states: list[State] = []

    def __call__(self, state: State) -> None:
        self.states.append(state)


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def breaker(time: Time, changes: Changes) -> Breaker:
    return Breaker(RULES, changes, monotonic=time.monotonic)


def call(breaker: Breaker, *, failed: bool | None) -> bool:
    """Whether it was let through."""
    if (ticket := breaker.enter()) is None:
        return False
    breaker.leave(ticket, failed=failed)
    return True


def state(breaker: Breaker) -> str:
    return breaker.state


def fail(breaker: Breaker, times: int = 10) -> None:
    for _ in range(times):
        call(breaker, failed=True)


def test_a_few_failures_do_not_open_it(breaker: Breaker) -> None:
    fail(breaker, 9)
    assert state(breaker) == "closed"


def test_half_of_the_calls_failing_opens_it(breaker: Breaker, changes: Changes) -> None:
    for _ in range(5):
        call(breaker, failed=False)
    fail(breaker, 4)
    assert state(breaker) == "closed"
    fail(breaker, 1)
    assert (breaker.state, breaker.opened, changes.states) == ("open", 1, ["open"])
    assert not breaker.admits
    assert not call(breaker, failed=False)
    assert breaker.wait_s == 10


def test_what_failed_before_the_window_does_not_count(breaker: Breaker, time: Time) -> None:
    fail(breaker, 9)
    time.now += 31
    fail(breaker, 1)
    assert state(breaker) == "closed"


def test_a_window_reaches_back_over_its_two_halves(breaker: Breaker, time: Time) -> None:
    fail(breaker, 5)
    time.now += 16
    fail(breaker, 5)
    assert state(breaker) == "open"


def test_after_the_pause_no_more_than_the_probes_get_through(breaker: Breaker, time: Time) -> None:
    fail(breaker)
    time.now += 10
    assert breaker.admits
    tickets = [breaker.enter() for _ in range(50)]
    assert sum(ticket is not None for ticket in tickets) == 2
    assert (breaker.state, breaker.wait_s) == ("half_open", 0)


def test_as_many_successes_as_probes_close_it(breaker: Breaker, time: Time) -> None:
    fail(breaker)
    time.now += 10
    call(breaker, failed=False)
    assert state(breaker) == "half_open"
    call(breaker, failed=False)
    assert state(breaker) == "closed"
    fail(breaker, 9)  # nothing of before is left
    assert state(breaker) == "closed"


def test_a_probe_that_fails_opens_it_again(breaker: Breaker, time: Time, changes: Changes) -> None:
    fail(breaker)
    time.now += 10
    call(breaker, failed=True)
    assert changes.states == ["open", "half_open", "open"]
    assert breaker.wait_s == 10


def test_a_probe_whose_caller_left_makes_room_for_another(breaker: Breaker, time: Time) -> None:
    fail(breaker)
    time.now += 10
    for _ in range(20):
        assert call(breaker, failed=None)
    assert state(breaker) == "half_open"


def test_what_says_nothing_does_not_count(breaker: Breaker) -> None:
    for _ in range(100):
        call(breaker, failed=None)
    fail(breaker, 9)
    assert state(breaker) == "closed"


def test_a_call_of_an_earlier_state_proves_nothing(breaker: Breaker, time: Time) -> None:
    old = [breaker.enter() for _ in range(3)]
    fail(breaker)
    for ticket in old[:1]:
        assert ticket is not None
        breaker.leave(ticket, failed=False)
    assert state(breaker) == "open"
    time.now += 10
    assert breaker.enter() is not None
    for ticket in old[1:]:
        assert ticket is not None
        breaker.leave(ticket, failed=True)
    assert state(breaker) == "half_open"
