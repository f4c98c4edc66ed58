from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from notify.quiet import quiet_until


def at(text: str, zone: str = "Asia/Shanghai") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-18T21:59:59", None),
        ("2026-11-18T22:00:00", "2026-11-19T08:00:00"),
        ("2026-11-19T00:00:00", "2026-11-19T08:00:00"),
        ("2026-11-19T07:59:59", "2026-11-19T08:00:00"),
        ("2026-11-19T08:00:00", None),
    ],
)
def test_a_night(now: str, end: str | None) -> None:
    assert quiet_until("22:00-08:00", "Asia/Shanghai", at(now)) == (at(end) if end else None)


def test_hours_within_a_day() -> None:
    noon = at("2026-11-18T12:30:00")
    assert quiet_until("12:00-13:00", "Asia/Shanghai", noon) == at("2026-11-18T13:00:00")
    assert quiet_until("12:00-13:00", "Asia/Tokyo", noon) is None


def test_none() -> None:
    assert quiet_until("", "Asia/Shanghai", 0) is None


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        ("2027-03-28T01:00:00", 6),  # clocks go from 2 to 3: the night is an hour shorter
        ("2027-10-31T01:00:00", 8),  # and from 3 to 2
        ("2027-06-01T01:00:00", 7),
    ],
)
def test_a_night_in_which_the_clocks_are_changed(now: str, hours: int) -> None:
    begun = at(now, "Europe/Berlin")
    assert quiet_until("22:00-08:00", "Europe/Berlin", begun) == begun + hours * 3_600


def test_an_end_that_the_clocks_skip_comes_with_the_next_hour() -> None:
    begun = at("2027-03-28T01:00:00", "Europe/Berlin")
    assert quiet_until("22:00-02:30", "Europe/Berlin", begun) == begun + 1.5 * 3_600
