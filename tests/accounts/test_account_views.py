from dataclasses import replace

from accounts.account_secrets import AccountSecrets
from accounts.account_views import secrets_of, settings_of, view_of_file, view_of_row
from accounts.master_key import Sealer
from store.accounts import AccountRow, SealedSecret
from tests.accounts.account_books import account

PRINTED = AccountSecrets(Sealer(b"k" * 32)).fingerprints
MAIN = account(callback_token="canary-token", max_concurrent=7)
ROW = AccountRow(
    "main", MAIN.app_id, {"app_secret": SealedSecret("", 1.0)}, settings_of(MAIN), 3, 0.0, 1.0
)


def test_an_account_parts_into_secrets_and_settings() -> None:
    assert secrets_of(MAIN) == {"app_secret": "canary-secret-1", "callback_token": "canary-token"}
    settings = settings_of(MAIN)
    assert settings.pop("max_concurrent") == 7
    assert settings == {"rate_limit": "", "limits": {}, "quotas": {}, "words": []}


def test_rows_from_before_accounts_had_words_can_be_shown() -> None:
    settings = {name: value for name, value in ROW.settings.items() if name != "words"}
    view = view_of_row(replace(ROW, settings=settings), None, PRINTED, in_file=False)
    assert view.words == []


def test_views_say_where_it_stands_and_whether_it_works() -> None:
    filed = view_of_file(MAIN, PRINTED)
    assert (filed.source, filed.state, filed.max_concurrent) == ("file", "active", 7)
    opened = view_of_row(ROW, {"app_secret": "x"}, PRINTED, in_file=False)
    assert (opened.source, opened.state, opened.version) == ("store", "active", 3)
    locked = view_of_row(ROW, None, PRINTED, in_file=False)
    assert (locked.state, locked.app_secret.set) == ("locked", True)
    assert locked.app_secret.fingerprint is None
    assert view_of_row(ROW, None, PRINTED, in_file=True).state == "shadowed"
    assert "canary" not in filed.model_dump_json()
