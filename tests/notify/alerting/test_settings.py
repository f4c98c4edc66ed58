import pytest
from pydantic import ValidationError

from notify.alerting.settings import AlertSettings


def test_levels_come_one_after_the_other() -> None:
    assert AlertSettings(escalate_after_s=(1, 2)).escalate_after_s == (1, 2)
    for wrong in ((2, 1), (1, 1), (0,), (1, 2, 3, 4, 5, 6)):
        with pytest.raises(ValidationError):
            AlertSettings(escalate_after_s=wrong)
