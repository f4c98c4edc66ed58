import pytest
from pydantic import SecretStr, ValidationError

from accounts.clients import Client, Clients, Scope, key_epoch, shows_key

KEY = "wxg_blog_0123456789abcdefghijklmn"


def client(**changes: object) -> Client:
    fields = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["draft"], **changes}
    return Client.model_validate(fields)


def test_a_client_is_found_by_its_whole_key_only() -> None:
    clients = Clients([client()])
    assert clients.by_key(KEY) is not None
    assert clients.by_id("blog") is not None
    for wrong in ("", KEY[:-1], KEY + "x", KEY.upper(), "wxg_blog_", "é" * 20, "\ud800"):
        assert clients.by_key(wrong) is None


def test_scopes_are_denied_by_default() -> None:
    assert client().may(Scope.DRAFT)
    assert client().may(Scope.PUBLISH, Scope.DRAFT)
    assert not client().may(Scope.PUBLISH)


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "secret"},
        {"key": "wxg_other_0123456789abcdefghijklmn"},
        {"key": "wxg_blog_short"},
        {"id": "Blog"},
        {"id": "blog\n"},
        {"scopes": ["everything"]},
        {"scopes": []},
        {"accounts": []},
        {"allow_ips": ["10.0.0.0/33"]},
    ],
)
def test_a_wrong_entry_is_refused_without_showing_the_key(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        client(**changes)
    assert KEY not in str(caught.value)


def test_the_epoch_changes_with_the_key() -> None:
    other = client(key=SecretStr(KEY[:-1] + "x"))
    assert key_epoch(client()) == key_epoch(client())
    assert key_epoch(client()) != key_epoch(other)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bearer wxg_blog_0123456789abcdefghijklmnop", True),
        ("xwxg_blog_0123456789abcdefghijklmnop&y", True),
        ("wxg_blog_short", False),
        ("wxgv_sealed", False),
        ("", False),
    ],
)
def test_a_key_is_seen_anywhere_in_a_text(text: str, *, shown: bool) -> None:
    assert shows_key(text) is shown
