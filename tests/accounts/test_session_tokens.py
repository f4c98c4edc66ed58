from base64 import urlsafe_b64encode
from typing import Any

import jwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.session_tokens import ACCESS_S, SessionExpired, SessionInvalid, SessionTokens
from tests.accounts.books import MASTER_KEY, NOW, Time


def tokens(time: Time | None = None, *, master_key: bytes = MASTER_KEY) -> SessionTokens:
    return SessionTokens(master_key, clock=time or Time())


def test_what_was_made_is_what_is_read_for_an_hour() -> None:
    time = Time()
    token = tokens(time).make("shop", "ses_1", "0123abcd")
    assert tokens(time).read(token) == ("shop", "ses_1", "0123abcd", int(NOW) + ACCESS_S)
    time.now += ACCESS_S - 1
    tokens(time).read(token)
    time.now += 1
    with pytest.raises(SessionExpired):
        tokens(time).read(token)
    assert tokens(time).read(token, even_expired=True).session == "ses_1"


def test_another_replica_with_the_same_master_key_reads_it_and_no_other() -> None:
    token = tokens().make("shop", "ses_1", "0123abcd")
    assert tokens().read(token)
    with pytest.raises(SessionInvalid):
        tokens(master_key=b"x" * 32).read(token)


def test_a_token_holds_no_secret() -> None:
    claims: dict[str, Any] = jwt.decode(
        tokens().make("shop", "ses_1", "0123abcd"), options={"verify_signature": False}
    )
    assert set(claims) == {"iss", "aud", "sub", "sid", "epo", "iat", "exp"}


def test_the_clock_of_another_replica_may_differ_a_little() -> None:
    ahead = Time()
    ahead.now += 50
    assert tokens().read(tokens(ahead).make("shop", "ses_1", "0123abcd"))
    ahead.now += 50
    with pytest.raises(SessionInvalid):
        tokens().read(tokens(ahead).make("shop", "ses_1", "0123abcd"))


@given(st.text() | st.from_regex(r"\A[A-Za-z0-9_-]{0,200}(\.[A-Za-z0-9_-]{0,200}){2}\Z"))
@example("a.b.c")
@example(urlsafe_b64encode(b"[" * 96).decode() + ".e30.AAAA")
@example(urlsafe_b64encode(b'{"alg":"HS256","kid":"1"}').rstrip(b"=").decode() + ".AAAA.AAAA")
def test_whatever_else_comes_is_refused_plainly(token: str) -> None:
    with pytest.raises(SessionInvalid):
        tokens().read(token)


@given(st.data())
def test_no_bit_of_a_token_can_be_changed(data: st.DataObject) -> None:
    token = tokens().make("shop", "ses_1", "0123abcd")
    # The last character holds bits that say nothing.
    at = data.draw(st.integers(0, len(token) - 2))
    to = data.draw(st.sampled_from("AZaz09-_.").filter(lambda char: char != token[at]))
    with pytest.raises(SessionInvalid):
        tokens().read(token[:at] + to + token[at + 1 :])


def test_a_header_of_ours_is_as_short_as_the_limit_wants() -> None:
    header = tokens().make("x" * 32, "ses_" + "0" * 26, "0123abcd").partition(".")[0]
    assert len(header) <= 128
