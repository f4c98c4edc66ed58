import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from accounts.client_forms import ClientChanges, NewClient, StoredSettings

WHOLE = {
    "accounts": ["main"],
    "scopes": ["stats", "draft"],
    "allow_ips": ["10.0.0.0/8", "fd00::/8"],
    "rate_limit": "5/minute",
    "limits": {"/cgi-bin/draft/*": "1/minute"},
    "max_concurrent": 3,
    "expires_at": "2099-01-01T00:00:00+08:00",
    "approve_publish": True,
    "enhance": ["images", "lint"],
    "signing": False,
}


def test_settings_survive_the_way_through_the_store() -> None:
    settings = StoredSettings.model_validate(WHOLE)
    assert StoredSettings.model_validate(settings.as_json()) == settings
    assert settings.as_json()["scopes"] == ["draft", "stats"]


def test_a_body_is_read_without_guessing() -> None:
    new = NewClient.model_validate_json(_json({**WHOLE, "id": "shop"}), strict=True)
    assert new.expires_at == datetime(2098, 12, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "Shop"},
        {"id": "a_b"},
        {"key": "wxg_shop_0123456789abcdefghijklmn"},
        {"scopes": ["everything"]},
        {"scopes": []},
        {"accounts": []},
        {"expires_at": "2099-01-01T00:00:00"},
        {"signing": "no"},
        {"max_concurrent": 0},
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, object]) -> None:
    body = {**WHOLE, "id": "shop", **change}
    with pytest.raises(ValidationError):
        NewClient.model_validate_json(_json(body), strict=True)


def test_of_a_change_only_what_was_named_counts() -> None:
    changes = ClientChanges.model_validate({"disabled": True, "expires_at": None})
    assert changes.model_dump(exclude_unset=True) == {"disabled": True, "expires_at": None}
    wrongs: list[dict[str, object]] = [{"scopes": []}, {"accounts": None}, {"id": "other"}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            ClientChanges.model_validate(wrong)


def _json(body: dict[str, object]) -> bytes:

    return json.dumps(body).encode()
