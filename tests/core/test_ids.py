import re

from core.ids import new_id


def test_ids_are_unique_url_safe_and_sort_by_time() -> None:
    ids = [new_id("job") for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(re.fullmatch(r"job_[0-9a-hjkmnp-tv-z]{26}", one) for one in ids)
    times = [one[4:13] for one in ids]
    assert times == sorted(times)
