from datetime import UTC, datetime

import pytest
from pydantic import SecretStr, ValidationError

from accounts.clients import (
    Client,
    ClientDisabled,
    ClientRecord,
    Clients,
    HeldKey,
    KeyExpired,
    Scope,
)
from accounts.keys import digest_of, epoch_of

KEY = "wxg_blog_0123456789abcdefghijklmn"
OLD_KEY = "wxg_blog_oldoldoldoldoldoldoldold"
SHOP_KEY = "wxg_shop_0123456789abcdefghijklmn"
NOW = 1_795_300_000.0


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
        {"previous_key": "wxg_other_0123456789abcdefghijklmn"},
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


class Time:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def stored(*keys: HeldKey, disabled: bool = False, **changes: object) -> ClientRecord:
    """The client `shop` as the store has it."""
    fields = {"id": "shop", "key": SecretStr(""), **changes}
    return ClientRecord(client().model_copy(update=fields), keys, disabled)


def shop_key(expires_at: float = NOW + 100, value: bytes | None = None) -> HeldKey:
    return HeldKey(digest_of(SHOP_KEY), expires_at, value)


def test_the_key_before_a_rotation_is_taken_too_and_says_which_it_was() -> None:
    clients = Clients([client(previous_key=OLD_KEY)])
    digests = {key: found.digest for key in (KEY, OLD_KEY) if (found := clients.by_key(key))}
    assert digests == {KEY: digest_of(KEY), OLD_KEY: digest_of(OLD_KEY)}
    assert clients.signing_keys("blog") == [KEY.encode(), OLD_KEY.encode()]
    assert Clients([client()]).by_key(OLD_KEY) is None


def test_clients_of_the_store_come_and_go_beside_those_of_the_file() -> None:
    clients = Clients([client()], clock=Time())
    clients.replace_stored([stored(shop_key())])
    assert clients.by_key(SHOP_KEY) is not None
    assert clients.by_key(KEY) is not None
    assert sorted(each.id for each in clients) == ["blog", "shop"]
    assert (clients.in_file("blog"), clients.in_file("shop")) == (True, False)
    clients.replace_stored([])
    assert clients.by_key(SHOP_KEY) is None
    assert clients.by_id("shop") is None
    assert clients.by_key(KEY) is not None


def test_where_both_name_one_client_the_files_counts_alone() -> None:
    clients = Clients([client()])
    stolen_name = stored(HeldKey(digest_of(OLD_KEY)), id="blog", scopes=frozenset(Scope))
    clients.replace_stored([stolen_name])
    assert clients.by_key(OLD_KEY) is None
    found = clients.by_id("blog")
    assert found is not None
    assert found.scopes == {Scope.DRAFT}


@pytest.mark.parametrize("ends", ["key", "client"])
def test_an_expired_key_is_told_from_a_wrong_one(ends: str) -> None:
    time = Time()
    clients = Clients([], clock=time)
    end = datetime.fromtimestamp(NOW + 100, UTC)
    record = stored(shop_key()) if ends == "key" else stored(shop_key(1e12), expires_at=end)
    clients.replace_stored([record])
    time.now += 99.9
    assert clients.by_key(SHOP_KEY) is not None
    time.now += 0.1
    with pytest.raises(KeyExpired):
        clients.by_key(SHOP_KEY)
    assert clients.by_key(SHOP_KEY[:-1]) is None
    assert clients.by_id("shop") is None
    assert clients.by_epoch("shop", epoch_of(digest_of(SHOP_KEY))) is None
    assert clients.signing_keys("shop") == []


def test_a_disabled_client_is_refused_however_it_comes() -> None:
    clients = Clients([], clock=Time())
    clients.replace_stored([stored(shop_key(value=SHOP_KEY.encode()), disabled=True)])
    with pytest.raises(ClientDisabled):
        clients.by_key(SHOP_KEY)
    assert clients.by_id("shop") is None
    assert clients.by_epoch("shop", epoch_of(digest_of(SHOP_KEY))) is None
    assert clients.signing_keys("shop") == []


def test_a_key_that_is_kept_as_a_digest_only_cannot_sign() -> None:
    clients = Clients([], clock=Time())
    clients.replace_stored([stored(shop_key())])
    assert clients.signing_keys("shop") == []
    assert clients.signing_keys("nobody") == []
    clients.replace_stored([stored(shop_key(value=SHOP_KEY.encode()))])
    assert clients.signing_keys("shop") == [SHOP_KEY.encode()]


def test_an_epoch_belongs_to_one_client() -> None:
    clients = Clients([client()], clock=Time())
    clients.replace_stored([stored(shop_key())])
    found = clients.by_epoch("shop", epoch_of(digest_of(SHOP_KEY)))
    assert found is not None
    assert (found.client.id, found.digest) == ("shop", digest_of(SHOP_KEY))
    assert clients.by_epoch("blog", epoch_of(digest_of(SHOP_KEY))) is None
    assert clients.by_epoch("shop", "") is None


def test_no_key_shows_when_a_record_is_printed() -> None:
    shown = repr((stored(shop_key(value=SHOP_KEY.encode())), client(previous_key=OLD_KEY)))
    assert SHOP_KEY not in shown
    assert KEY not in shown
    assert OLD_KEY not in shown


def test_those_of_the_file_are_swapped_too_and_the_store_shows_through() -> None:
    stored = ClientRecord(client(key="", scopes=["stats"]), (HeldKey(digest_of(OLD_KEY)),))
    clients = Clients([client()])
    clients.replace_stored([stored])
    assert clients.by_key(OLD_KEY) is None
    clients.replace_file([])
    assert clients.by_key(KEY) is None
    assert clients.by_key(OLD_KEY) is not None
    assert not clients.in_file("blog")
