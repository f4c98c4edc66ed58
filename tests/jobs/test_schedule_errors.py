from core.errors import GatewayError
from jobs import schedule_errors
from jobs.schedule_errors import ScheduleEnded, ScheduleJobRunning


def test_what_stands_in_the_way_of_a_change_is_a_conflict_that_names_the_job() -> None:
    for error in (ScheduleEnded(job_id="job_1"), ScheduleJobRunning(job_id="job_1")):
        assert error.status == 409
        assert "job_1" in error.describe("en", "")["message"]


def test_no_two_errors_have_one_code() -> None:
    codes = [
        each.code
        for each in vars(schedule_errors).values()
        if isinstance(each, type)
        and issubclass(each, GatewayError)
        and each.__module__ == schedule_errors.__name__
    ]
    assert len(codes) == len(set(codes)) > 5
