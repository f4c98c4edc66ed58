import pytest
from wxgate_client.lateness import skip_late_s
from wxgate_client.session import UsageFault

AT = "2030-01-01T08:00:00+08:00"


@pytest.mark.parametrize(
    ("at", "if_late", "max_late", "late_s"),
    [
        ("", "publish", "", None),
        (AT, "publish", "", None),
        (AT, "skip", "", 3600),
        (AT, "skip", "90s", 90),
        (AT, "skip", "30m", 1800),
        (AT, "skip", "2h", 7200),
        (AT, "skip", "366d", 366 * 86_400),
    ],
)
def test_what_is_late_is_skipped_where_that_is_said(
    at: str, if_late: str, max_late: str, late_s: float | None
) -> None:
    assert skip_late_s(at, if_late, max_late) == late_s


@pytest.mark.parametrize(
    ("at", "if_late", "max_late", "told"),
    [
        ("", "skip", "", "wants --at"),
        (AT, "publish", "30m", "wants --if-late skip"),
        (AT, "skip", "30", "wants 90s"),
        (AT, "skip", "59s", "from a minute"),
        (AT, "skip", "367d", "to a year"),
        (AT, "skip", "99999999d", "to a year"),
        (AT, "skip", "-1h", "wants 90s"),
    ],
)
def test_what_makes_no_sense_is_told(at: str, if_late: str, max_late: str, told: str) -> None:
    with pytest.raises(UsageFault, match=told):
        skip_late_s(at, if_late, max_late)
