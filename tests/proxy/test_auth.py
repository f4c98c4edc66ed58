import ipaddress
from typing import Any

import pytest

from accounts.clients import Client, Clients, Credential, Scope
from accounts.keys import digest_of
from accounts.master_key import Sealer
from accounts.official import Accounts, UnknownAccount
from core.errors import GatewayError
from proxy.account_choice import AccountForbidden, AccountUnnamed
from proxy.auth import (
    AppCredentials,
    AuthAmbiguous,
    Authenticator,
    IpNotAllowed,
    KeyInUrl,
    KeyMissing,
    KeyWrong,
    ScopeMissing,
    TokenWrong,
    check_ip,
)
from proxy.request import HeaderTwice, Inbound
from proxy.routing import RelaySettings, Route, Router
from proxy.virtual_tokens import VirtualTokens
from tests.gateway import BOTH_KEY, CLIENTS, KEY, MAIN, PERSONAL, READER_KEY
from tests.proxy.conftest import inbound
from wechat.catalogue import load_catalogue

CATALOGUE = load_catalogue()
ROUTER = Router(RelaySettings(), CATALOGUE)
VIRTUAL = VirtualTokens(Sealer(b"m" * 32), Clients(CLIENTS))
AUTH = Authenticator(Clients(CLIENTS), Accounts((MAIN, PERSONAL)), VIRTUAL)
BLOG, READER, BOTH = CLIENTS
NEVER = 9e12


def route(path: str) -> Route:
    endpoint = CATALOGUE.find(path)
    assert endpoint is not None
    return Route(path, endpoint)


READ, ADD = route("/cgi-bin/draft/count"), route("/cgi-bin/draft/add")
USERINFO, JSCODE = route("/sns/userinfo"), route("/sns/jscode2session")


def token(client: int = 0, account: Any = MAIN) -> str:
    return VIRTUAL.make(credential(CLIENTS[client]), account, expires_at=NEVER)


def credential(client: Client) -> Credential:
    return Credential(client, digest_of(client.key.get_secret_value()))


@pytest.mark.parametrize(
    "headers",
    [{"authorization": f"Bearer {KEY}"}, {"authorization": f"bearer  {KEY}"}, {"x-api-key": KEY}],
)
def test_a_key_in_a_header_says_who_calls(headers: dict[str, str]) -> None:
    caller = AUTH.relayed(inbound(headers=headers), READ, None)
    assert (caller.client, caller.account, caller.by_key) == (BLOG, MAIN, True)


def test_a_virtual_token_says_who_calls_and_on_which_account() -> None:
    query = f"access_token={token(2, PERSONAL)}"
    caller = AUTH.relayed(inbound(query=query), READ, None)
    assert (caller.client, caller.account, caller.by_key) == (BOTH, PERSONAL, False)


def test_an_unknown_token_beside_a_key_is_a_placeholder() -> None:
    request = inbound(query="access_token=ACCESS_TOKEN", headers={"x-api-key": KEY})
    assert AUTH.relayed(request, READ, None).client is BLOG


@pytest.mark.parametrize(
    ("query", "headers", "refusal"),
    [
        ("", {}, KeyMissing),
        ("", {"authorization": "Basic dXNlcjpwYXNz"}, KeyMissing),
        ("access_token=92_from_wechat_itself", {}, TokenWrong),
        ("access_token=wxgv_AAAA", {}, TokenWrong),
        ("", {"authorization": "Bearer nonsense"}, KeyWrong),
        ("", {"authorization": "Bearer "}, KeyWrong),
        ("", {"x-api-key": "wxg_blog_wrongwrongwrongwrongwrong"}, KeyWrong),
        ("", {"x-api-key": "\xe9\xff"}, KeyWrong),
        ("", {"authorization": f"Bearer {KEY}", "x-api-key": READER_KEY}, AuthAmbiguous),
        (f"access_token={token()}", {"x-api-key": READER_KEY}, AuthAmbiguous),
        (f"access_token={KEY}", {}, KeyInUrl),
        (f"access_token={token()}&secret={KEY}", {}, KeyInUrl),
        (f"key={KEY.replace('_', '%5f')}", {"x-api-key": KEY}, KeyInUrl),
        (f"x=Bearer%20{KEY}", {"x-api-key": KEY}, KeyInUrl),
        (f"{KEY}=x", {"x-api-key": KEY}, KeyInUrl),
    ],
)
def test_a_credential_that_will_not_do_is_refused(
    query: str, headers: dict[str, str], refusal: type[GatewayError]
) -> None:
    with pytest.raises(refusal):
        AUTH.relayed(inbound(query=query, headers=headers), READ, None)


def test_a_credential_that_is_there_twice_is_refused() -> None:
    request = inbound(headers={"x-api-key": KEY})
    request.repeated = b"x-api-key"
    with pytest.raises(HeaderTwice):
        AUTH.relayed(request, READ, None)


@pytest.mark.parametrize("named", ["personal", PERSONAL.app_id])
def test_the_header_chooses_among_several_accounts(named: str) -> None:
    headers = {"x-api-key": BOTH_KEY, "x-wxgate-account": named}
    assert AUTH.relayed(inbound(headers=headers), READ, None).account is PERSONAL


def test_several_accounts_and_none_named_is_an_error() -> None:
    with pytest.raises(AccountUnnamed) as caught:
        AUTH.relayed(inbound(headers={"x-api-key": BOTH_KEY}), READ, None)
    assert caught.value.errcode == 40013


@pytest.mark.parametrize("named", ["personal", "nobody", PERSONAL.app_id, "wx0000000000000000"])
def test_an_account_of_others_looks_like_one_that_is_not_there(named: str) -> None:
    headers = {"x-api-key": KEY, "x-wxgate-account": named}
    with pytest.raises(UnknownAccount):
        AUTH.relayed(inbound(headers=headers), READ, None)


def test_a_header_may_not_contradict_the_token() -> None:
    query = f"access_token={token(2, MAIN)}"
    with pytest.raises(AccountForbidden):
        AUTH.relayed(inbound(query=query, headers={"x-wxgate-account": "personal"}), READ, None)
    same = inbound(query=query, headers={"x-wxgate-account": MAIN.app_id})
    assert AUTH.relayed(same, READ, None).account is MAIN


def test_a_token_for_an_account_that_its_client_lost_is_refused() -> None:
    stolen = VIRTUAL.make(credential(BLOG), PERSONAL, expires_at=NEVER)
    with pytest.raises(UnknownAccount):
        AUTH.relayed(inbound(query=f"access_token={stolen}"), READ, None)


def test_every_row_of_the_catalogue_wants_exactly_its_scope() -> None:
    for endpoint in CATALOGUE:
        for scope in Scope:
            client = BLOG.model_copy(update={"scopes": frozenset({scope})})
            auth = Authenticator(Clients([client]), Accounts((MAIN,)), VIRTUAL)
            request = inbound(endpoint.path, headers={"x-api-key": KEY})
            if scope.value == endpoint.scope:
                auth.relayed(request, Route(endpoint.path, endpoint), None)
            else:
                with pytest.raises(ScopeMissing):
                    auth.relayed(request, Route(endpoint.path, endpoint), None)


def test_an_unknown_path_wants_the_scope_of_writes() -> None:
    unknown = Route("/cgi-bin/new", None)
    with pytest.raises(ScopeMissing):
        AUTH.relayed(inbound(headers={"x-api-key": READER_KEY}), unknown, None)
    AUTH.relayed(inbound(headers={"x-api-key": KEY}), unknown, None)


def test_a_users_own_token_is_no_credential_of_ours() -> None:
    request = inbound("/sns/userinfo", query="access_token=USER_TOKEN&openid=o")
    with pytest.raises(KeyMissing):
        AUTH.relayed(request, USERINFO, None)
    request = inbound("/sns/userinfo", query="access_token=U", headers={"x-api-key": KEY})
    assert AUTH.relayed(request, USERINFO, None).account is MAIN


def test_appid_and_secret_identify_the_calls_that_carry_no_token() -> None:
    request = inbound("/sns/jscode2session", query=f"appid=main&secret={BOTH_KEY}")
    blog = BOTH.model_copy(update={"scopes": frozenset(Scope)})
    auth = Authenticator(Clients([blog]), Accounts((MAIN, PERSONAL)), VIRTUAL)
    caller = auth.relayed(request, JSCODE, AppCredentials(PERSONAL.app_id, BOTH_KEY))
    assert caller.account is PERSONAL
    with pytest.raises(KeyWrong):
        auth.relayed(request, JSCODE, AppCredentials("main", "real-looking-app-secret"))
    with pytest.raises(KeyMissing):
        auth.relayed(request, JSCODE, AppCredentials("main", ""))


def test_a_wrong_key_is_told_before_an_unknown_account() -> None:
    with pytest.raises(KeyWrong):
        AUTH.token_call(inbound(), AppCredentials("wx0000000000000000", "wrong"))
    with pytest.raises(UnknownAccount):
        AUTH.token_call(inbound(), AppCredentials("wx0000000000000000", KEY))


def test_v1_takes_a_key_from_a_header_alone() -> None:
    scope: dict[str, Any] = {
        "method": "GET",
        "path": "/v1/jobs",
        "raw_path": b"/v1/jobs",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {KEY}".encode())],
        "client": ("10.0.0.1", 1),
    }
    assert AUTH.client(scope) is BLOG
    with pytest.raises(KeyInUrl):
        AUTH.client({**scope, "query_string": f"api_key={KEY}".encode()})
    with pytest.raises(KeyMissing):
        AUTH.client({**scope, "headers": []})


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::1", True),
        ("2001:db8::1%eth0", True),
        ("11.0.0.1", False),
        ("::ffff:11.0.0.1", False),
        ("2001:db9::1", False),
        ("unix", False),
        ("", False),
        (None, False),
    ],
)
def test_a_client_may_be_tied_to_networks(peer: str | None, *, allowed: bool) -> None:
    networks = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("2001:db8::/32"))
    tied = BLOG.model_copy(update={"allow_ips": networks})
    check_ip(BLOG, peer)
    if allowed:
        check_ip(tied, peer)
    else:
        with pytest.raises(IpNotAllowed):
            check_ip(tied, peer)


def test_a_forwarded_address_of_the_callers_own_making_counts_for_nothing() -> None:
    tied = BLOG.model_copy(update={"allow_ips": (ipaddress.ip_network("10.0.0.0/8"),)})
    auth = Authenticator(Clients([tied]), Accounts((MAIN,)), VIRTUAL)
    headers = {"x-api-key": KEY, "x-forwarded-for": "10.0.0.1", "x-real-ip": "10.0.0.1"}
    with pytest.raises(IpNotAllowed):
        auth.relayed(inbound(headers=headers, peer="192.0.2.1"), READ, None)


def test_a_bearer_with_two_dots_is_taken_for_the_token_of_a_session() -> None:
    known = credential(BLOG)._replace(session="ses_1")
    asked: list[str] = []

    def session(token: str) -> Credential:
        asked.append(token)
        return known

    clients, accounts = Clients(CLIENTS), Accounts((MAIN,))
    auth = Authenticator(clients, accounts, VIRTUAL, sessions=session)
    caller = auth.relayed(inbound(headers={"authorization": "Bearer a.b.c"}), READ, None)
    assert (caller.credential, asked) == (known, ["a.b.c"])
    for other in ({"x-api-key": "a.b.c"}, {"authorization": "Bearer a.b"}):
        with pytest.raises(KeyWrong):
            auth.relayed(inbound(headers=other), READ, None)


def test_a_use_is_noted_of_whoever_was_let_in() -> None:
    tied = BLOG.model_copy(update={"allow_ips": (ipaddress.ip_network("10.0.0.0/8"),)})
    uses: list[tuple[str, str | None]] = []

    def note(used: Credential, peer: str | None) -> None:
        uses.append((used.digest, peer))

    auth = Authenticator(Clients([tied]), Accounts((MAIN,)), VIRTUAL, note_use=note)
    auth.relayed(inbound(headers={"x-api-key": KEY}, peer="10.0.0.1"), READ, None)
    with pytest.raises(IpNotAllowed):
        auth.relayed(inbound(headers={"x-api-key": KEY}, peer="192.0.2.1"), READ, None)
    assert uses == [(digest_of(KEY), "10.0.0.1")]


def through_proxy(
    client: Client = BLOG, *, query: str = "", headers: dict[str, str] | None = None
) -> Inbound:
    request = inbound(query=query, headers=headers)
    request.proxied_for = credential(client)
    return request


@pytest.mark.parametrize("sent", ["", "WECHAT_TOKEN_OF_ITS_OWN"])
def test_behind_the_proxy_the_connection_says_who_calls(sent: str) -> None:
    caller = AUTH.relayed(through_proxy(query=f"access_token={sent}"), READ, None)
    assert (caller.client, caller.account, caller.by_key) == (BLOG, MAIN, False)


@pytest.mark.parametrize("secret", ["", "0123456789abcdef0123456789abcdef", KEY])
def test_behind_the_proxy_a_tools_own_secret_says_nothing(secret: str) -> None:
    caller = AUTH.token_call(through_proxy(), AppCredentials(MAIN.app_id, secret))
    assert (caller.client, caller.account, caller.by_key) == (BLOG, MAIN, False)
    assert AUTH.relayed(through_proxy(), JSCODE, AppCredentials("main", secret)).client is BLOG


@pytest.mark.parametrize("named", [PERSONAL.app_id, "wx0000000000000000"])
def test_behind_the_proxy_an_account_is_still_only_its_clients(named: str) -> None:
    with pytest.raises(UnknownAccount):
        AUTH.token_call(through_proxy(), AppCredentials(named, "made up"))


def test_behind_the_proxy_two_clients_are_one_too_many() -> None:
    with pytest.raises(AuthAmbiguous):
        AUTH.relayed(through_proxy(headers={"x-api-key": READER_KEY}), READ, None)
    with pytest.raises(AuthAmbiguous):
        AUTH.relayed(through_proxy(query=f"access_token={token(1)}"), READ, None)
    with pytest.raises(AuthAmbiguous):
        AUTH.token_call(through_proxy(), AppCredentials(MAIN.app_id, READER_KEY))
    assert AUTH.relayed(through_proxy(headers={"x-api-key": KEY}), READ, None).by_key


def test_behind_the_proxy_a_wrong_client_key_is_still_wrong() -> None:
    with pytest.raises(KeyWrong):
        AUTH.token_call(through_proxy(), AppCredentials(MAIN.app_id, KEY + "x"))


def test_behind_the_proxy_a_lapsed_token_of_one_of_several_accounts_is_asked_for_anew() -> None:
    lapsed = VIRTUAL.make(credential(BOTH), PERSONAL, expires_at=1)
    query = f"access_token={lapsed}"
    with pytest.raises(TokenWrong):  # not "name an account", which no such tool can
        AUTH.relayed(through_proxy(BOTH, query=query), READ, None)
    named = {"x-wxgate-account": "personal"}
    assert AUTH.relayed(through_proxy(BOTH, query=query, headers=named), READ, None).account
    with pytest.raises(AccountUnnamed):
        AUTH.relayed(through_proxy(BOTH), READ, None)


def test_behind_the_proxy_a_kept_connection_dies_with_its_key() -> None:
    clients = Clients(CLIENTS)
    auth = Authenticator(clients, Accounts((MAIN, PERSONAL)), VIRTUAL)
    request = through_proxy()
    clients.replace_file([BLOG.model_copy(update={"scopes": frozenset({Scope.STATS})})])
    with pytest.raises(ScopeMissing):  # as it stands now, not as it stood
        auth.relayed(request, READ, None)
    clients.replace_file([])
    with pytest.raises(KeyWrong):
        auth.relayed(request, READ, None)


def test_id_and_key_must_be_of_one_client() -> None:
    assert AUTH.vouched("blog", KEY, "127.0.0.1").client is BLOG
    with pytest.raises(KeyWrong):
        AUTH.vouched("reader", KEY, "127.0.0.1")
    with pytest.raises(KeyWrong):
        AUTH.vouched("blog", READER_KEY, "127.0.0.1")
