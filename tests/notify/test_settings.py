import pytest
from pydantic import ValidationError

from notify.settings import NotifySettings, Route


def test_at_most_three_tries() -> None:
    assert len(NotifySettings().retry_after_s) == 2
    with pytest.raises(ValidationError):
        NotifySettings(retry_after_s=(1, 2, 3))


@pytest.mark.parametrize("pattern", ["*", "job.*", "job.failed", "publish.s*"])
def test_patterns_of_events(pattern: str) -> None:
    assert Route(events=(pattern,), channels=("ops",)).events == (pattern,)


@pytest.mark.parametrize("pattern", ["", "job", "*.failed", "job.**", "Job.failed", "job.a.b"])
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(ValidationError):
        Route(events=(pattern,), channels=("ops",))


@pytest.mark.parametrize("pattern", ["draft.raedy", "jobs.*", "job.x*"])
def test_a_pattern_of_no_event_is_a_fault_and_not_silence(pattern: str) -> None:
    with pytest.raises(ValidationError, match=r"没有叫 .* 的事件.* / no event is called"):
        Route(events=(pattern,), channels=("ops",))


def test_a_route_leads_somewhere() -> None:
    with pytest.raises(ValidationError):
        Route(channels=())


@pytest.mark.parametrize("hours", ["inherit", "", "22:00-08:00"])
def test_quiet_hours_of_a_route(hours: str) -> None:
    assert Route(channels=("ops",), quiet_hours=hours).quiet_hours == hours


@pytest.mark.parametrize("hours", ["8-9", "08:00-08:00", "24:00-08:00", "always"])
def test_what_are_no_quiet_hours(hours: str) -> None:
    with pytest.raises(ValidationError):
        NotifySettings(quiet_hours=hours)


def test_a_zone_that_is_none() -> None:
    with pytest.raises(ValidationError):
        NotifySettings(time_zone="../etc/passwd")
