import pytest
from pydantic import ValidationError

from handlers.wenyan_settings import WenyanSettings


def test_nobody_has_it_who_did_not_ask_for_it() -> None:
    assert not WenyanSettings().enabled


def test_an_answer_comes_before_wenyan_gives_up() -> None:
    with pytest.raises(ValidationError):
        WenyanSettings(wait_s=300)
