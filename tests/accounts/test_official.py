import pytest
from pydantic import SecretStr, ValidationError

from accounts.official import AccountLocked, Accounts, OfficialAccount, UnknownAccount

MAIN = OfficialAccount(
    name="main", app_id="wx0000000000000001", app_secret=SecretStr("CANARYSECRET")
)


def test_an_account_is_found_by_name_and_by_app_id() -> None:
    accounts = Accounts([MAIN])
    assert accounts.get("main") is MAIN
    assert accounts.get("wx0000000000000001") is MAIN
    assert [account.name for account in accounts] == ["main"]
    assert len(accounts) == 1


@pytest.mark.parametrize("name", ["", "other", "wx0000000000000002", "MAIN", "x" * 500])
def test_an_unknown_account_is_a_clear_error(name: str) -> None:
    with pytest.raises(UnknownAccount) as caught:
        Accounts([MAIN]).get(name)
    assert (caught.value.status, caught.value.errcode) == (404, 40013)
    assert len(str(caught.value)) < 200


def test_the_secret_shows_in_no_text() -> None:
    assert "CANARYSECRET" not in repr(MAIN) + str(MAIN) + MAIN.model_dump_json()
    with pytest.raises(ValidationError) as caught:
        OfficialAccount.model_validate(
            {"name": "A B", "app_id": "wx1", "app_secret": "CANARYSECRET", "x": "CANARYSECRET"}
        )
    assert "CANARYSECRET" not in str(caught.value)


@pytest.mark.parametrize("quota", [-1, 0, 1_000_000_001, 10**30])
def test_a_quota_is_a_number_that_a_rule_can_be_made_of(quota: int) -> None:
    fields = {**MAIN.model_dump(), "quotas": {"/cgi-bin/draft/add": quota}}
    with pytest.raises(ValidationError, match="quotas"):
        OfficialAccount.model_validate(fields)


def test_a_name_is_never_another_accounts_app_id() -> None:
    other = "wx0000000000000002"
    with pytest.raises(ValidationError, match="AppID"):
        OfficialAccount(name=other, app_id=MAIN.app_id, app_secret=SecretStr("x"))
    named = OfficialAccount(name=other, app_id=other, app_secret=SecretStr("x"))
    assert Accounts([MAIN, named]).get(other) is named


def test_stored_accounts_are_swapped_at_one_stroke_and_the_file_wins() -> None:
    app_id = "wx{:016}".format

    def named(name: str, n: int) -> OfficialAccount:
        return OfficialAccount(name=name, app_id=app_id(n), app_secret=SecretStr("s"))

    filed = named("filed", 1)
    accounts = Accounts([filed])
    accounts.replace_stored(
        [named("filed", 2), named("other", 1), named("stored", 3)], [("shut", app_id(4))]
    )
    assert [each.name for each in accounts] == ["filed", "stored"]
    assert accounts.get("filed") is filed
    assert accounts.get(app_id(3)).name == "stored"
    for name in ("shut", app_id(4)):
        assert accounts.name_of(name) == "shut"
        with pytest.raises(AccountLocked):
            accounts.get(name)
    accounts.replace_stored([])
    for name in ("stored", "shut", app_id(3)):
        with pytest.raises(UnknownAccount):
            accounts.name_of(name)


def test_those_of_the_file_are_swapped_too_and_the_store_shows_through() -> None:
    stored = MAIN.model_copy(update={"app_secret": SecretStr("of the store")})
    other = OfficialAccount(name="other", app_id="wx0000000000000002", app_secret=SecretStr("s"))
    accounts = Accounts([MAIN])
    accounts.replace_stored([stored], [("other", other.app_id)])
    accounts.replace_file([other])
    assert accounts.get("main") is stored
    assert accounts.get(other.app_id) is other  # no longer locked: the file's counts
    assert accounts.of_file() == (other,)


def test_a_locked_account_is_there_though_it_cannot_be_used() -> None:
    accounts = Accounts([])
    accounts.replace_stored([], [("main", "wx0000000000000001")])
    assert accounts.has("main")
    assert not accounts.has("other")
