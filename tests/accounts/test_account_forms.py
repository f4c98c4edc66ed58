import pytest

from accounts.account_errors import AccountInvalid
from accounts.account_forms import AccountChanges, checked
from accounts.official import OfficialAccount

GOOD = {"name": "main", "app_id": "wx0000000000000001", "app_secret": "canary"}


def test_what_can_be_made_can_be_changed_but_for_name_and_app_id() -> None:
    made = OfficialAccount.model_fields.keys() - {"name", "app_id"}
    assert made == AccountChanges.model_fields.keys()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"max_concurrent": 0}, "max_concurrent"),
        ({"quotas": {"/a": "many"}}, "quotas./a"),
        ({"app_id": "x"}, "app_id"),
        ({"unknown": 1}, "unknown"),
        ({"name": "wx0000000000000009"}, None),
    ],
)
def test_a_fault_names_its_field_and_no_secret(fields: dict[str, object], named: str) -> None:
    with pytest.raises(AccountInvalid) as caught:
        checked({**GOOD, **fields})
    assert caught.value.field == named
    assert "canary" not in str(caught.value)


def test_good_fields_make_an_account() -> None:
    assert checked(dict(GOOD)).name == "main"
