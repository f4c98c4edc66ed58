import pytest
from pydantic import SecretStr

from accounts.clients import ClientRecord, Clients, Credential, HeldKey
from accounts.keys import digest_of
from accounts.master_key import Sealer
from proxy.virtual_tokens import VirtualTokens
from tests.gateway import CLIENTS, MAIN
from tests.proxy.conftest import Time

SEALER = Sealer(b"m" * 32)
BLOG = CLIENTS[0]
OLD = BLOG.key.get_secret_value()
NEW = "wxg_blog_" + "z" * 26
CREDENTIAL = Credential(BLOG, digest_of(OLD))


def test_a_token_speaks_for_its_client_and_account_until_it_expires(time: Time) -> None:
    tokens = VirtualTokens(SEALER, Clients(CLIENTS), clock=time)
    token = tokens.make(CREDENTIAL, MAIN, expires_at=time.now + 100)
    holder = tokens.open(token)
    assert holder is not None
    assert (holder.credential.client.id, holder.account) == ("blog", "main")
    time.now += 100
    assert tokens.open(token) is None


def test_another_replica_with_the_same_master_key_opens_it(time: Time) -> None:
    token = VirtualTokens(SEALER, Clients(CLIENTS), clock=time).make(
        CREDENTIAL, MAIN, expires_at=time.now + 100
    )
    other = VirtualTokens(Sealer(b"m" * 32), Clients(CLIENTS), clock=time)
    assert other.open(token) is not None
    stranger = VirtualTokens(Sealer(b"x" * 32), Clients(CLIENTS), clock=time)
    assert stranger.open(token) is None


def test_a_new_key_ends_the_tokens_of_the_old_one(time: Time) -> None:
    token = VirtualTokens(SEALER, Clients(CLIENTS), clock=time).make(
        CREDENTIAL, MAIN, expires_at=time.now + 100
    )
    rekeyed = BLOG.model_copy(update={"key": SecretStr(NEW)})
    assert VirtualTokens(SEALER, Clients([rekeyed]), clock=time).open(token) is None
    assert VirtualTokens(SEALER, Clients([]), clock=time).open(token) is None


def test_a_token_outlives_a_rotation_as_long_as_its_own_key_does(time: Time) -> None:
    rotated = BLOG.model_copy(update={"key": SecretStr(NEW), "previous_key": SecretStr(OLD)})
    tokens = VirtualTokens(SEALER, Clients([rotated]), clock=time)
    old = tokens.make(CREDENTIAL, MAIN, expires_at=time.now + 100)
    new = tokens.make(Credential(rotated, digest_of(NEW)), MAIN, expires_at=time.now + 100)
    assert tokens.open(old) is not None
    done = rotated.model_copy(update={"previous_key": SecretStr("")})
    after = VirtualTokens(SEALER, Clients([done]), clock=time)
    assert after.open(old) is None
    assert after.open(new) is not None


def test_one_object_refuses_what_it_has_opened_before_once_the_key_is_gone(time: Time) -> None:
    key = "wxg_shop_" + "s" * 26
    client = BLOG.model_copy(update={"id": "shop", "key": SecretStr("")})
    clients = Clients([], clock=time)
    clients.replace_stored([ClientRecord(client, (HeldKey(digest_of(key)),))])
    tokens = VirtualTokens(SEALER, clients, clock=time)
    token = tokens.make(Credential(client, digest_of(key)), MAIN, expires_at=time.now + 100)
    assert tokens.open(token) is not None
    clients.replace_stored([ClientRecord(client, ())])
    assert tokens.open(token) is None


def test_a_token_dies_with_the_session_it_was_got_by(time: Time) -> None:
    revoked: set[str] = set()
    tokens = VirtualTokens(SEALER, Clients(CLIENTS), revoked=revoked, clock=time)
    credential = CREDENTIAL._replace(session="ses_1")
    token = tokens.make(credential, MAIN, expires_at=time.now + 100)
    opened = tokens.open(token)
    assert opened is not None
    assert opened.credential == credential
    revoked.add("ses_1")
    assert tokens.open(token) is None


def test_a_token_shows_nothing_of_what_it_holds(time: Time) -> None:
    tokens = VirtualTokens(SEALER, Clients(CLIENTS), clock=time)
    token = tokens.make(CREDENTIAL, MAIN, expires_at=time.now + 100)
    assert "blog" not in token
    assert token.isascii()
    assert len(token) <= 512


def test_no_byte_of_a_token_can_be_changed(time: Time) -> None:
    tokens = VirtualTokens(SEALER, Clients(CLIENTS), clock=time)
    token = tokens.make(CREDENTIAL, MAIN, expires_at=time.now + 100)
    # The last character holds two bits that say nothing.
    for at in range(len(token) - 1):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert tokens.open(changed) is None


@pytest.mark.parametrize(
    "token", ["", "wxgv_", "wxgv_A", "wxgv_é", "92_real_token_of_wechat", "wxgv_" + "A" * 5_000]
)
def test_anything_else_opens_to_nothing(time: Time, token: str) -> None:
    assert VirtualTokens(SEALER, Clients(CLIENTS), clock=time).open(token) is None
