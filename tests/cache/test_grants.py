import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.grants import Answer, Ask, Granted, at_once, decide, kept_s, over_at
from tests.cache.windows import most_in_a_window, rules

MINUTE = rules("50/minute")[0]
NOW = 1_795_300_000.0
NONE = Granted({})


def strictly(before: Granted, amount: int, now: float = NOW) -> tuple[Granted, Answer]:
    return decide(before, Ask(MINUTE, amount, strict=True), now=now)


def test_what_is_granted_at_once_and_for_how_long_follows_the_rate() -> None:
    texts = ("50/minute", "600/minute", "1000/hour", "1000/day", "10/second", "60000/minute")
    told = [(at_once(rule.rate), kept_s(rule.rate)) for rule in rules(*texts)]
    assert told == [(1, 1.2), (12, 1.2), (8, 30), (1, 30), (1, 0.5), (1_200, 1.2)]


def test_a_strict_grant_stops_at_the_rate_and_says_when_calls_are_free() -> None:
    granted, answer = strictly(NONE, 60)
    assert (answer.amount, answer.used, answer.wait_s) == (50, 50, 0)
    granted, answer = strictly(granted, 1, NOW + 10)
    assert (answer.amount, answer.used) == (0, 50)
    _, later = strictly(granted, 1, NOW + 10 + answer.wait_s)
    assert later.amount == 1
    assert 50 < answer.wait_s <= 50 + 2 * kept_s(MINUTE.rate)


def test_where_redis_counts_grants_are_remembered_only() -> None:
    granted, answer = decide(NONE, Ask(MINUTE, 60), now=NOW)
    assert (answer.amount, answer.used, answer.strict) == (60, 60, False)
    _, answer = strictly(granted, 1)
    assert answer.amount == 0


def test_one_who_does_without_redis_binds_all_for_a_period() -> None:
    granted, _ = strictly(NONE, 49)
    granted, answer = decide(granted, Ask(MINUTE, 5), now=NOW + 30)
    assert (answer.amount, answer.strict) == (1, False)  # it binds nobody itself
    assert over_at(granted, MINUTE.rate) >= granted.strict_until > NOW + 60
    _, answer = decide(granted, Ask(MINUTE, 5), now=granted.strict_until)
    assert answer.amount == 5


def test_nothing_is_granted_ahead_while_all_are_bound() -> None:
    granted, _ = strictly(NONE, 1)
    _, answer = decide(granted, Ask(MINUTE, 2, ahead=10), now=NOW)
    assert answer.amount == 2
    _, answer = decide(NONE, Ask(MINUTE, 2, ahead=10), now=NOW)
    assert answer.amount == 12


def test_what_is_given_back_is_free_and_what_is_owed_is_not() -> None:
    granted, first = strictly(NONE, 50)
    ask = Ask(MINUTE, 50, owed=3, unused={first.slot: 20, 7: 9})
    granted, answer = decide(granted, ask, now=NOW + 1)
    assert answer.amount == 17
    granted, answer = decide(granted, Ask(MINUTE, 0, owed=4), now=NOW + 2)
    assert (answer.amount, sum(granted.calls.values())) == (0, 54)


def test_nothing_is_given_back_of_a_grant_that_is_over_or_more_than_it_was() -> None:
    granted, first = strictly(NONE, 5)
    after, _ = decide(granted, Ask(MINUTE, 1, unused={first.slot: 9}), now=NOW + 20)
    assert sum(after.calls.values()) == 1
    after, _ = decide(granted, Ask(MINUTE, 0, unused={first.slot: 5}), now=NOW + 100)
    assert after.calls == {}


def test_a_large_rate_may_be_exceeded_by_its_burst_as_everywhere() -> None:
    _, answer = decide(NONE, Ask(rules("6000/minute")[0], 9_999, strict=True), now=NOW)
    assert answer.amount == 6_600


@pytest.mark.parametrize("text", ["7/minute", "30/minute", "5/second", "200/hour", "20/day"])
@given(data=st.data())
def test_no_window_holds_more_calls_than_the_rate(text: str, data: st.DataObject) -> None:
    """Each call comes at some time for which its grant is kept."""
    rule = rules(text)[0]
    kept, period = kept_s(rule.rate), rule.rate.period_s
    now, granted, calls = NOW, NONE, list[float]()
    for _ in range(40):
        now += data.draw(st.floats(0, period / 10))
        ask = Ask(rule, data.draw(st.integers(1, 10)), strict=True)
        granted, answer = decide(granted, ask, now=now)
        calls += [now + kept * data.draw(st.floats(0, 0.999)) for _ in range(answer.amount)]
    assert most_in_a_window(calls, period) <= rule.rate.count


def test_the_slots_of_a_rule_are_few() -> None:
    granted = NONE
    for tick in range(5_000):
        granted, _ = decide(granted, Ask(MINUTE, 1), now=NOW + tick / 10)
    assert len(granted.calls) <= 53
