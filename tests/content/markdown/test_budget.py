import re
import signal
import sys
from time import process_time

import pytest

from content.markdown.budget import Budget, TimeUp, _raise


def _spin() -> None:
    while True:
        try:
            sum(range(1_000))
        except Exception:  # noqa: BLE001, S112 - as libraries do
            continue


def test_a_loop_ends_with_its_time() -> None:
    with pytest.raises(TimeUp), Budget(10, process_time, chars=10**9).at_most(0.02):
        _spin()


def test_a_regular_expression_ends_with_its_time() -> None:
    with pytest.raises(TimeUp), Budget(10, process_time, chars=10**9).at_most(0.02):
        re.match(r"(a|aa)*b", "a" * 100)


def test_all_together_get_no_more_than_the_whole() -> None:
    spent = 0.0
    budget = Budget(1, lambda: spent, chars=1)
    with budget.at_most(0.5):
        spent = 0.9
    with pytest.raises(TimeUp), budget.at_most(0.5):
        spent = 1.5
        _spin()
    with pytest.raises(TimeUp), budget.at_most(0.5):
        raise AssertionError("there is no time left")


def test_afterwards_the_signal_is_as_it_was() -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    with Budget(1, process_time, chars=10**9).at_most(0.5):
        assert signal.getsignal(signal.SIGVTALRM) != before
    assert signal.getsignal(signal.SIGVTALRM) == before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)


def test_room_is_taken_until_there_is_none() -> None:
    budget = Budget(1, process_time, chars=10)
    assert [budget.take_room("x" * 4) for _ in range(3)] == [True, True, False]


def test_the_time_does_not_end_while_the_timer_is_set_or_stopped() -> None:
    entering = Budget(1, process_time, chars=0).at_most(1).gen.gi_frame  # type: ignore[attr-defined]
    _raise(signal.SIGVTALRM, entering)
    with pytest.raises(TimeUp):
        _raise(signal.SIGVTALRM, sys._getframe())
