import pytest

from proxy.deadline import HEADER, Deadline, DeadlineExceeded, TimeoutInvalid, asked_deadline
from tests.proxy.conftest import Time


def test_a_deadline_runs_out(time: Time) -> None:
    deadline = Deadline(10, monotonic=time.monotonic)
    assert deadline.left() == 10
    deadline.check()
    time.now += 10
    with pytest.raises(DeadlineExceeded):
        deadline.check()
    time.now += 10
    assert deadline.left() == 0


def test_a_clock_that_is_set_does_not_move_it(time: Time) -> None:
    deadline = Deadline(10, monotonic=time.monotonic)
    time.set_back(3_600)
    assert deadline.left() == 10


def test_the_sooner_one_counts(time: Time) -> None:
    late, soon = (Deadline(seconds, monotonic=time.monotonic) for seconds in (10, 2))
    assert late.sooner(soon) is soon
    assert soon.sooner(late) is soon
    assert late.sooner(None) is late


def test_only_a_callers_own_deadline_cuts_a_call_short(time: Time) -> None:
    ours = Deadline(1, monotonic=time.monotonic)
    asked = Deadline(1, asked=True, monotonic=time.monotonic)
    assert not asked.cut_short
    time.now += 1
    assert (asked.cut_short, ours.cut_short) == (True, False)


@pytest.mark.parametrize(("value", "seconds"), [(b"2", 2), (b"0.25", 0.25), (b"9999", 9_999)])
def test_a_caller_names_seconds(time: Time, value: bytes, seconds: float) -> None:
    asked = asked_deadline({HEADER: value}, monotonic=time.monotonic)
    assert asked is not None
    assert asked.left() == seconds
    assert asked_deadline({}) is None


@pytest.mark.parametrize(
    "value",
    [b"", b"0", b"0.0", b"-1", b"1e3", b"nan", b"inf", b" 2", b"2s", b"1_0", b"\xef\xbc\x92",
     b"10000", b"1.2345", b"2,2", "２".encode()],
)  # fmt: skip
def test_anything_else_is_refused(value: bytes) -> None:
    with pytest.raises(TimeoutInvalid):
        asked_deadline({HEADER: value})
