from core.clock import next_shanghai_midnight, rfc3339, shanghai_day


def test_the_day_changes_at_midnight_in_shanghai() -> None:
    before = 1_763_740_799.0  # 2025-11-21T15:59:59Z = 23:59:59 in Shanghai
    assert shanghai_day(before) == "2025-11-21"
    assert shanghai_day(before + 1) == "2025-11-22"
    assert next_shanghai_midnight(before) == before + 1
    assert next_shanghai_midnight(before + 1) == before + 1 + 86_400


def test_rfc3339_is_utc_with_milliseconds() -> None:
    assert rfc3339(1_763_740_799.5) == "2025-11-21T15:59:59.500Z"
