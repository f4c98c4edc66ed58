import pytest
from pydantic import ValidationError

from server.backup.settings import BackupSettings


def test_none_are_made_unless_that_is_wanted() -> None:
    assert BackupSettings().every_h == 0


@pytest.mark.parametrize("wrong", [{"every_h": -1}, {"keep": 0}, {"odd": 1}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        BackupSettings.model_validate(wrong)
