import base64
import hashlib
from dataclasses import replace

import pytest

from accounts.account_secrets import AccountSecrets
from accounts.master_key import Sealer
from store.accounts import AccountRow, SealedSecret

SECRETS = AccountSecrets(Sealer(b"k" * 32))
APP_ID = "wx0000000000000001"


def row(**sealed: SealedSecret) -> AccountRow:
    return AccountRow("main", APP_ID, sealed, {}, 1, 1.0, 1.0)


def test_secrets_open_for_their_account_and_field_alone() -> None:
    sealed = SECRETS.seal(APP_ID, "app_secret", "s", 5.0)
    assert sealed.since == 5.0
    assert SECRETS.open(row(app_secret=sealed)) == {"app_secret": "s"}
    assert SECRETS.open(row(callback_token=sealed)) is None
    assert SECRETS.open(replace(row(app_secret=sealed), app_id="wx0000000000000002")) is None


@pytest.mark.parametrize("cut", [0, 1, 11, 12, 20, 28])
def test_what_was_cut_short_does_not_open(cut: int) -> None:
    sealed = SECRETS.seal(APP_ID, "app_secret", "s", 5.0)
    short = base64.b64encode(base64.b64decode(sealed.value)[:cut]).decode()
    assert SECRETS.open_one(APP_ID, "app_secret", SealedSecret(short, 5.0)) is None


@pytest.mark.parametrize("value", ["", "no base64!", "é", "AAA"])
def test_what_is_no_cipher_text_does_not_open(value: str) -> None:
    assert SECRETS.open_one(APP_ID, "app_secret", SealedSecret(value, 5.0)) is None


def test_fingerprints_tell_secrets_apart_in_eight_digits() -> None:
    prints = SECRETS.fingerprints({"a": "one", "b": "two", "c": "one", "d": ""})
    assert prints["a"] == prints["c"] != prints["b"]
    assert "d" not in prints
    assert {len(print_) for print_ in prints.values()} == {8}
    other = AccountSecrets(Sealer(b"o" * 32)).fingerprints({"a": "one"})
    assert other["a"] not in (prints["a"], hashlib.sha256(b"one").hexdigest()[:8])
    assert prints["a"] != hashlib.sha256(b"one").hexdigest()[:8]
