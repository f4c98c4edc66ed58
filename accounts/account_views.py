from collections.abc import Callable, Mapping
from typing import Any

from accounts.account_forms import AccountView, SecretView
from accounts.account_secrets import SECRETS
from accounts.official import OfficialAccount
from core.clock import rfc3339
from store.accounts import AccountRow

# Secrets by field to what may be shown of them.
Fingerprints = Callable[[Mapping[str, str]], dict[str, str]]

_SETTINGS = ("rate_limit", "limits", "max_concurrent", "quotas", "words")


def settings_of(account: OfficialAccount) -> dict[str, Any]:
    """What is kept of an account beside its secrets."""
    return account.model_dump(mode="json", include=set(_SETTINGS))


def secrets_of(account: OfficialAccount) -> dict[str, str]:
    """The secrets of an account by field, those alone that are set."""
    values = {field: getattr(account, field).get_secret_value() for field in SECRETS}
    return {field: value for field, value in values.items() if value}


def view_of_file(account: OfficialAccount, printed: Fingerprints) -> AccountView:
    """An account of the file."""
    return AccountView(
        name=account.name,
        app_id=account.app_id,
        source="file",
        state="active",
        **_secret_views(secrets_of(account), printed),
        **settings_of(account),
        version=0,
        created_at=None,
        updated_at=None,
    )


def view_of_row(
    row: AccountRow, opened: Mapping[str, str] | None, printed: Fingerprints, *, in_file: bool
) -> AccountView:
    """An account of the store; `opened` are its secrets, None where they do not open."""
    secrets = dict.fromkeys(row.sealed, "") if opened is None else opened
    return AccountView(
        name=row.name,
        app_id=row.app_id,
        source="store",
        state="shadowed" if in_file else "locked" if opened is None else "active",
        **_secret_views(secrets, printed),
        **row.settings,
        version=row.version,
        created_at=rfc3339(row.created_at),
        updated_at=rfc3339(row.updated_at),
    )


def _secret_views(secrets: Mapping[str, str], printed: Fingerprints) -> dict[str, Any]:
    known = printed(secrets)
    return {
        field: SecretView(set=field in secrets, fingerprint=known.get(field)) for field in SECRETS
    }
