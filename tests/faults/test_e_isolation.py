"""faults.md E: accounts kept apart, and a changed secret."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cache.keys import Keys

_APP_IDS = st.from_regex(r"wx[0-9a-zA-Z]{16}", fullmatch=True)
_DAYS = st.dates().map(str)


def _names(app_id: str, day: str) -> list[str]:
    keys = Keys("wxgate")
    return [
        keys.token(app_id),
        keys.token_lease(app_id),
        keys.token_epoch(app_id),
        keys.token_forced(app_id),
        keys.calls(app_id, day),
        *keys.responses(app_id),
    ]


@settings(max_examples=10_000, deadline=None)
@given(_APP_IDS, _APP_IDS, _DAYS, _DAYS)
def test_094_no_two_accounts_share_the_name_of_a_key(a: str, b: str, x: str, y: str) -> None:
    ours, theirs = _names(a, x), _names(b, y)
    assert len(set(ours)) == len(ours)
    assert a == b or not set(ours) & set(theirs)
