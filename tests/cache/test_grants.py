import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.grants import Ask, Granted, at_once, decide, kept_s
from tests.cache.windows import most_in_a_window, rules

MINUTE = rules("50/minute")[0]
NOW = 1_795_300_000.0


def test_what_is_granted_at_once_and_for_how_long_follows_the_rate() -> None:
    told = [(at_once(rule.rate), kept_s(rule.rate)) for rule in rules("50/minute; 1000/hour")]
    assert told == [(1, 1.2), (20, 72.0)]
    assert kept_s(rules("10/second")[0].rate) == 0.5


def test_a_bounded_grant_stops_at_the_rate_and_says_when_calls_are_free() -> None:
    granted, answer = decide({}, Ask(MINUTE, 60), now=NOW, bounded=True)
    assert (answer.amount, answer.used, answer.wait_s) == (50, 50, 0)
    granted, answer = decide(granted, Ask(MINUTE, 1), now=NOW + 10, bounded=True)
    assert (answer.amount, answer.used) == (0, 50)
    _, later = decide(granted, Ask(MINUTE, 1), now=NOW + 10 + answer.wait_s, bounded=True)
    assert later.amount == 1
    assert 50 < answer.wait_s <= 50 + 2 * kept_s(MINUTE.rate)


def test_where_redis_counts_grants_are_remembered_only() -> None:
    granted, answer = decide({}, Ask(MINUTE, 60), now=NOW, bounded=False)
    assert (answer.amount, answer.used, answer.bounded) == (60, 60, False)
    _, answer = decide(granted, Ask(MINUTE, 1), now=NOW, bounded=True)
    assert answer.amount == 0


def test_what_is_given_back_is_free_and_what_is_owed_is_not() -> None:
    granted, first = decide({}, Ask(MINUTE, 50), now=NOW, bounded=True)
    _, answer = decide(
        granted, Ask(MINUTE, 50, owed=3, unused=(first.slot, 20)), now=NOW + 1, bounded=True
    )
    assert answer.amount == 17


def test_nothing_is_given_back_of_a_grant_that_is_over_or_more_than_it_was() -> None:
    granted, first = decide({}, Ask(MINUTE, 5), now=NOW, bounded=True)
    after, _ = decide(granted, Ask(MINUTE, 1, unused=(first.slot, 9)), now=NOW + 20, bounded=True)
    assert sum(after.values()) == 1
    after, _ = decide(granted, Ask(MINUTE, 1, unused=(7, 9)), now=NOW, bounded=True)
    assert sum(after.values()) == 6


def test_a_large_rate_may_be_exceeded_by_its_burst_as_everywhere() -> None:
    rule = rules("6000/minute")[0]
    _, answer = decide({}, Ask(rule, 9_999), now=NOW, bounded=True)
    assert answer.amount == 6_600


@pytest.mark.parametrize("text", ["7/minute", "30/minute", "5/second", "200/hour"])
@given(data=st.data())
def test_no_window_holds_more_calls_than_the_rate(text: str, data: st.DataObject) -> None:
    """Each call comes at some time for which its grant is kept."""
    rule = rules(text)[0]
    kept, period = kept_s(rule.rate), rule.rate.period_s
    now, granted, calls = NOW, Granted(), list[float]()
    for _ in range(40):
        now += data.draw(st.floats(0, period / 10))
        ask = Ask(rule, data.draw(st.integers(1, 10)))
        granted, answer = decide(granted, ask, now=now, bounded=True)
        calls += [now + kept * data.draw(st.floats(0, 0.999)) for _ in range(answer.amount)]
    assert most_in_a_window(calls, period) <= rule.rate.count


def test_the_slots_of_a_rule_are_few() -> None:
    granted: Granted = {}
    for tick in itertools.islice(itertools.count(), 5_000):
        granted, _ = decide(granted, Ask(MINUTE, 1), now=NOW + tick / 10, bounded=False)
    assert len(granted) <= 53
