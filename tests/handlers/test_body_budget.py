import pytest

from handlers.body_budget import BodyBudget, ServerBusy


def test_what_is_taken_comes_back() -> None:
    budget = BodyBudget(100)
    with budget.share() as first, budget.share() as second:
        first.reach(60)
        second.reach(30)
        second.reach(20)  # it has them
        assert budget.used_bytes == 90
        with pytest.raises(ServerBusy) as busy:
            second.reach(41)
        assert busy.value.retry_after_s == 1
        second.reach(40)
    assert budget.used_bytes == 0


def test_a_body_that_is_alone_is_always_let_in() -> None:
    budget = BodyBudget(100)
    with budget.share() as alone:
        alone.reach(50)
        alone.reach(150)
        with budget.share() as other, pytest.raises(ServerBusy):
            other.reach(1)


def test_a_failure_gives_back_too() -> None:
    budget = BodyBudget(100)
    with pytest.raises(ZeroDivisionError), budget.share() as share:
        share.reach(80)
        raise ZeroDivisionError
    assert budget.used_bytes == 0
