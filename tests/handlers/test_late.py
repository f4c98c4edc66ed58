from handlers.late import LateChanges, LateFields
from jobs.lateness import LatePolicy


def test_nothing_said_means_that_it_is_done_however_late() -> None:
    assert LateFields().late() == LatePolicy()
    assert LateFields(if_late="skip", max_late_s=90).late().skip_after(10) == 100


def test_what_a_change_does_not_name_stays() -> None:
    before = LatePolicy("skip", 90)
    assert LateChanges().late(before) is None
    assert LateChanges(max_late_s=60).late(before) == LatePolicy("skip", 60)
    assert LateChanges(if_late="publish").late(before) == LatePolicy("publish", 90)
