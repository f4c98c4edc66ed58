from handlers.job_lists import JobQuery
from handlers.job_operations import JOBS, SUMMARY


def test_every_parameter_of_the_lists_is_described() -> None:
    named = [parameter["name"] for parameter in JOBS.parameters]
    assert sorted(named) == sorted(JobQuery.model_fields)
    assert {"limit", "cursor"}.isdisjoint(each["name"] for each in SUMMARY.parameters)
