import pytest
from pydantic import ValidationError

from fetch.settings import FetchSettings


def test_the_lan_is_closed_and_only_web_ports_are_open_by_default() -> None:
    settings = FetchSettings()
    assert settings.allow_networks == ()
    assert settings.allow_ports == (80, 443)


def test_a_network_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="allow_networks"):
        FetchSettings.model_validate({"allow_networks": ["10.0.0.0/99"]})
