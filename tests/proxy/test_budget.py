import pytest

from proxy.budget import RetryBudgets
from tests.proxy.conftest import Time


@pytest.fixture
def budgets(time: Time) -> RetryBudgets:
    return RetryBudgets(monotonic=time.monotonic)


def repeats(budgets: RetryBudgets, calls: int, app_id: str = "a") -> int:
    """How many of `calls` that all fail may be repeated, twice each if possible."""
    granted = 0
    for _ in range(calls):
        budgets.earn(app_id)
        granted += budgets.take(app_id) + budgets.take(app_id)
    return granted


def test_a_quiet_account_may_repeat_its_calls(budgets: RetryBudgets) -> None:
    assert repeats(budgets, 3) == 6


def test_repeats_stay_under_a_tenth_of_the_calls_and_a_small_floor(budgets: RetryBudgets) -> None:
    assert repeats(budgets, 10_000) <= 1_000 + 10


def test_good_calls_save_up_for_bad_ones_but_not_without_end(budgets: RetryBudgets) -> None:
    repeats(budgets, 100)
    for _ in range(100_000):
        budgets.earn("a")
    assert repeats(budgets, 100) <= 10 + 10


def test_time_brings_a_little_back(budgets: RetryBudgets, time: Time) -> None:
    repeats(budgets, 100)
    time.now += 30
    assert [budgets.take("a") for _ in range(5)] == [True, True, True, False, False]
    time.now += 86_400
    assert sum(budgets.take("a") for _ in range(100)) == 10


def test_accounts_do_not_spend_each_others(budgets: RetryBudgets) -> None:
    repeats(budgets, 100, "a")
    assert budgets.take("b")
