from jobs.states import State
from store.tables import ACTIVE_STATES


def test_the_stores_active_states_are_the_ones_that_are_not_final() -> None:
    assert {state for state in State if not state.is_final} == set(ACTIVE_STATES)
    assert State.NEEDS_REVIEW.is_final
