import pytest

from server.faults import BadConfigurationError
from server.overrides import Overrides
from server.settings import Settings


def faults(**given: object) -> list[str]:
    with pytest.raises(BadConfigurationError) as caught:
        Overrides.model_validate(given).over(Settings())
    return [fault.key for fault in caught.value.faults]


def test_what_is_not_given_stays() -> None:
    settings = Settings()
    assert Overrides().over(settings) is settings


def test_what_is_given_counts() -> None:
    both = {"redis": {"url": "redis://h/0"}, "database": {"url": "postgresql://h/d"}}
    changed = Overrides(listen="127.0.0.1:1", workers=3).over(Settings.model_validate(both))
    assert (changed.server.listen, changed.server.workers) == ("127.0.0.1:1", 3)
    assert changed.redis.url.get_secret_value() == "redis://h/0"


def test_what_cannot_be_is_said_by_the_option() -> None:
    assert faults(listen="nonsense") == ["--listen"]
    assert faults(workers=0) == ["--workers"]
    assert faults(workers=65) == ["--workers"]


def test_several_processes_need_what_they_share() -> None:
    assert faults(workers=2) == ["server.workers"]
