import pytest
from pydantic import SecretStr

from accounts.clients import Clients
from accounts.master_key import Sealer
from proxy.virtual_tokens import VirtualTokens
from tests.gateway import CLIENTS, MAIN
from tests.proxy.conftest import Time

SEALER = Sealer(b"m" * 32)
BLOG = CLIENTS[0]


def test_a_token_speaks_for_its_client_and_account_until_it_expires(time: Time) -> None:
    tokens = VirtualTokens(SEALER, Clients(CLIENTS), clock=time)
    token = tokens.make(BLOG, MAIN, expires_at=time.now + 100)
    holder = tokens.open(token)
    assert holder is not None
    assert (holder.client.id, holder.account) == ("blog", "main")
    time.now += 100
    assert tokens.open(token) is None


def test_another_replica_with_the_same_master_key_opens_it(time: Time) -> None:
    token = VirtualTokens(SEALER, Clients(CLIENTS), clock=time).make(
        BLOG, MAIN, expires_at=time.now + 100
    )
    other = VirtualTokens(Sealer(b"m" * 32), Clients(CLIENTS), clock=time)
    assert other.open(token) is not None
    stranger = VirtualTokens(Sealer(b"x" * 32), Clients(CLIENTS), clock=time)
    assert stranger.open(token) is None


def test_a_new_key_ends_the_tokens_of_the_old_one(time: Time) -> None:
    token = VirtualTokens(SEALER, Clients(CLIENTS), clock=time).make(
        BLOG, MAIN, expires_at=time.now + 100
    )
    rekeyed = BLOG.model_copy(update={"key": SecretStr("wxg_blog_" + "z" * 26)})
    assert VirtualTokens(SEALER, Clients([rekeyed]), clock=time).open(token) is None
    assert VirtualTokens(SEALER, Clients([]), clock=time).open(token) is None


def test_a_token_shows_nothing_of_what_it_holds(time: Time) -> None:
    tokens = VirtualTokens(SEALER, Clients(CLIENTS), clock=time)
    token = tokens.make(BLOG, MAIN, expires_at=time.now + 100)
    assert "blog" not in token
    assert token.isascii()
    assert len(token) <= 512


def test_no_byte_of_a_token_can_be_changed(time: Time) -> None:
    tokens = VirtualTokens(SEALER, Clients(CLIENTS), clock=time)
    token = tokens.make(BLOG, MAIN, expires_at=time.now + 100)
    # The last character holds two bits that say nothing.
    for at in range(len(token) - 1):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert tokens.open(changed) is None


@pytest.mark.parametrize(
    "token", ["", "wxgv_", "wxgv_A", "wxgv_é", "92_real_token_of_wechat", "wxgv_" + "A" * 5_000]
)
def test_anything_else_opens_to_nothing(time: Time, token: str) -> None:
    assert VirtualTokens(SEALER, Clients(CLIENTS), clock=time).open(token) is None
