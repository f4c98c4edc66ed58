import secrets
import time

import pytest
from pydantic import SecretStr

from accounts.clients import Client, Clients, Scope
from accounts.keys import new_key
from accounts.master_key import Sealer
from accounts.official import OfficialAccount
from accounts.session_tokens import SessionTokens
from proxy.misplaced import CredentialMisplaced, OutgoingGuard
from proxy.request import Query
from proxy.routing import Route
from proxy.virtual_tokens import VirtualTokens
from wechat.catalogue import load_catalogue

KEY = new_key("blog")
ACCOUNT = OfficialAccount(
    name="main", app_id="wx0123456789abcdef", app_secret=SecretStr("not-told-to-anybody")
)


def guard_and_token() -> tuple[OutgoingGuard, str]:
    client = Client(
        id="blog", key=SecretStr(KEY), accounts=("main",), scopes=frozenset({Scope.RELAY_READ})
    )
    clients = Clients([client])
    tokens = VirtualTokens(Sealer(bytes(32)), clients)
    credential = clients.by_key(KEY)
    assert credential is not None
    token = tokens.make(credential, ACCOUNT, expires_at=time.time() + 60)
    return OutgoingGuard(clients, tokens), token


def route(path: str) -> Route:
    return Route(path, load_catalogue().find(path))


def test_a_live_key_or_token_of_ours_in_a_body_does_not_go_to_wechat() -> None:
    guard, token = guard_and_token()
    for text in (KEY, token, f'{{"secret":"{KEY}"}}', f"a=1&access_token={token}&b=2"):
        with pytest.raises(CredentialMisplaced):
            guard.check(text.encode())


def test_the_tokens_of_a_session_do_not_go_to_wechat_either() -> None:
    jwts = SessionTokens(bytes(32))
    clients = Clients([])
    guard = OutgoingGuard(clients, VirtualTokens(Sealer(bytes(32)), clients), jwts.read)
    ours, others = (
        tokens.make("blog", "ses_1", "01234567") for tokens in (jwts, SessionTokens(b"1" * 32))
    )
    refresh = f"wxgr_{secrets.token_urlsafe(32)}"
    for text in (ours, refresh, f'{{"remark":"{ours}"}}', f"a={refresh}&b=2"):
        with pytest.raises(CredentialMisplaced):
            guard.check(text.encode())
    for text in (others, "eyJ.eyJ.x", "a token wxgr_… of ours", "eyJ" * 300_000, "eyJa." * 200_000):
        guard.check(text.encode())


def test_what_only_looks_like_one_is_an_article_about_us() -> None:
    guard, token = guard_and_token()
    guard.check(b"use wxg_blog_replace-me-with-random-text here, and wxgv_ tokens there; wxgate")
    other = "A" if token[9] != "A" else "B"  # the last character has bits that mean nothing
    guard.check(f"{token[:9]}{other}{token[10:]} {KEY}x".encode())


def test_a_body_full_of_lookalikes_is_not_searched_to_its_end() -> None:
    guard, token = guard_and_token()
    guard.check(b"wxgv_AAAA " * 100 + token.encode())


def test_in_the_query_a_token_may_stand_only_where_the_gateway_replaces_it() -> None:
    guard, token = guard_and_token()
    draft, sns = route("/cgi-bin/draft/add"), route("/sns/userinfo")
    guard.check_query(Query(f"access_token={token}".encode()), draft)
    for query, where in ((f"x={token}", draft), (f"access_token={token}", sns)):
        with pytest.raises(CredentialMisplaced):
            guard.check_query(Query(query.encode()), where)
    quoted = token.replace("_", "%5F")
    with pytest.raises(CredentialMisplaced):
        guard.check_query(Query(f"x={quoted}".encode()), draft)
