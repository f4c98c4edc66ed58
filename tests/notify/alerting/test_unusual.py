import random

import pytest

from notify.alerting.unusual import DAY_S, DAYS, HOUR_S, Verdict, judge, spans, usual_of

END = 100 * DAY_S
_EARLIER = [begin for begin, _ in spans(END)[1:]]


def verdict(calls: int, earlier: list[int], *, min_days: int = 7, score: float = 6) -> Verdict:
    """Of an hour with so many calls, after days (yesterday first) with those."""
    found = _judged(calls, earlier, min_days=min_days, score=score)
    assert found is not None
    return found


def _judged(calls: int, earlier: list[int], *, min_days: int, score: float) -> Verdict | None:
    by_span = {END - HOUR_S: calls, **dict(zip(_EARLIER, earlier, strict=False))}
    first_at = _EARLIER[len(earlier) - 1]
    return judge(by_span, END, first_at=first_at, min_days=min_days, min_calls=50, score=score)


def test_the_spans_are_the_same_hour_of_each_day() -> None:
    (begin, end), *earlier = spans(END)
    assert (begin, end) == (END - 3_600, END)
    assert earlier[0] == (END - 3_600 - 86_400, END - 86_400)
    assert len(earlier) == DAYS == 28


@pytest.mark.parametrize("calls", [0, 20, 300, 5_000])
def test_far_too_many_and_far_too_few_are_unusual(calls: int) -> None:
    usual = [100, 110, 90, 105, 95, 100, 102, 98, 99, 101]
    assert verdict(calls, usual).unusual
    assert not verdict(calls, usual).over


@pytest.mark.parametrize("calls", [80, 100, 125])
def test_a_little_more_or_less_is_usual(calls: int) -> None:
    found = verdict(calls, [100, 110, 90, 105, 95, 100, 102, 98, 99, 101])
    assert (found.unusual, found.over) == (False, True)


def test_between_the_two_thresholds_nothing_is_said() -> None:
    found = verdict(150, [100] * 10)
    assert (found.unusual, found.over) == (False, False)


def test_an_attack_of_the_past_does_not_make_the_next_one_usual() -> None:
    assert verdict(5_000, [100, 5_000, 100, 100, 5_000, 100, 100, 100, 5_000, 100]).unusual


def test_an_outage_of_the_past_does_not_make_none_usual() -> None:
    assert verdict(0, [100, 0, 100, 100, 0, 100, 100, 100]).unusual


def test_of_a_new_account_nothing_is_said() -> None:
    assert _judged(5_000, [100] * 6, min_days=7, score=6) is None
    assert _judged(5_000, [100] * 7, min_days=7, score=6) is not None


def test_a_quiet_sunday_after_working_days_is_nothing() -> None:
    week = [500, 500, 500, 500, 500, 20, 20]  # yesterday was a Friday, today is a Saturday
    assert not verdict(20, week * 4).unusual
    assert not verdict(500, (week[1:] + week[:1]) * 4).unusual
    assert verdict(500, week * 4, score=6).calls == 500
    assert verdict(5_000, week * 4).unusual


def test_a_monday_without_any_calls_is_something() -> None:
    week = [20, 20, 500, 500, 500, 500, 500]  # yesterday was a Sunday
    assert verdict(0, week * 4).unusual


def test_few_calls_are_never_judged() -> None:
    assert not verdict(49, [0] * 10).unusual
    assert verdict(60, [0] * 10).unusual  # somebody calls in the middle of the night
    assert not verdict(0, [40] * 10).unusual


def test_days_without_a_call_count() -> None:
    by_span = {END - HOUR_S: 60, _EARLIER[0]: 60}
    found = judge(by_span, END, first_at=_EARLIER[8], min_days=7, min_calls=50, score=6)
    assert found is not None
    assert (found.unusual, found.usual) == (True, 0)


def test_what_chance_does_raises_no_alert() -> None:
    dice = random.Random(7)
    for mean in (60, 200, 1_000):
        for _ in range(300):
            drawn = [round(dice.gauss(mean, mean**0.5)) for _ in range(29)]
            assert not verdict(drawn[0], drawn[1:]).unusual


def test_numbers_that_never_differed_leave_some_room() -> None:
    assert usual_of([100] * 9).deviation == 10
    assert usual_of([0] * 9).deviation == 1
