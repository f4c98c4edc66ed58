import pytest
from pydantic import ValidationError

from jobs.library_settings import LibrarySettings


def test_nonsense_is_refused() -> None:
    for wrong in ({"fresh_s": -1}, {"wait_s": 61}, {"keep_calls": -1}, {"x": 1}):
        with pytest.raises(ValidationError):
            LibrarySettings(**wrong)
