import pytest
from pydantic import ValidationError

from jobs.settings import JobsSettings


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in JobsSettings.model_fields.values())


@pytest.mark.parametrize(
    "wrong",
    [{"lease_s": 0}, {"first_poll_s": ()}, {"first_poll_s": (0,)}, {"concurrency": 0}, {"x": 1}],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        JobsSettings.model_validate(wrong)
