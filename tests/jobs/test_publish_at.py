import pytest

from jobs.publish_at import PublishAtInvalid, parse_publish_at

NOW = 1_763_740_800.0  # 2025-11-21T16:00:00Z


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2025-11-22T00:00:01+08:00", NOW + 1),
        ("2025-11-21T16:00:00.5Z", NOW + 0.5),
        ("2025-11-21t16:00:00z", NOW),
        ("2025-11-21T15:55:00Z", NOW - 300),
        ("2026-11-21T16:00:00-00:00", NOW + 365 * 86_400),
    ],
)
def test_a_time_with_its_offset_is_taken(text: str, at: float) -> None:
    assert parse_publish_at(text, now=NOW) == at


@pytest.mark.parametrize(
    "text",
    [
        "2025-11-21T16:00:01",  # whose time?
        "2025-11-21 16:00:01Z",
        "2025-11-21T16:00Z",
        "2025-11-21T24:00:00Z",
        "2025-11-21T16:59:60Z",
        "2025-02-30T16:00:00Z",
        "2025-11-21T15:54:59Z",  # over 5 minutes ago
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+14:00",
        "2027-11-21T16:00:00Z",
        "1763740800",
        "２025-11-21T16:00:01Z",
        "2025-11-21T16:00:01Z\n",
        "2025-W47-5T16:00:00Z",
        "2025-11-21T16:00:01+99:00",
        "",
    ],
)
def test_anything_else_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(PublishAtInvalid) as caught:
        parse_publish_at(text, now=NOW)
    assert caught.value.field == "publish_at"
