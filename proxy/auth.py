import ipaddress
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from accounts.clients import AuthError, Client, Clients, Credential, Scope
from accounts.keys import claimed_by, digest_of, shows_key
from accounts.official import Accounts, OfficialAccount, UnknownAccount
from core.errors import Category, Text
from core.secret import redact
from proxy.account_choice import AccountForbidden, account_name
from proxy.approval import check_approval
from proxy.lockout import AuthSettings, Lockout
from proxy.misplaced import OutgoingGuard
from proxy.request import HeaderTwice, Inbound
from proxy.routing import Route
from proxy.signature import SignatureVerifier, SignatureWrong, SignedRequest, is_signed
from proxy.virtual_tokens import Holder, VirtualTokens

_DOTS_OF_A_JWT = 2


class KeyMissing(AuthError):
    """No credential of any kind."""

    code = "auth_missing"
    errcode = 41001
    message = Text("请求没有携带凭证", "the request carries no credential")
    hint = Text(
        "带上 Authorization: Bearer <客户端密钥>，或先用密钥换取 access_token",
        "send Authorization: Bearer <client key>, or get an access_token with the key first",
    )


class KeyWrong(AuthError):
    """A client key that is not ours."""

    code = "auth_key_wrong"
    errcode = 40125
    message = Text("客户端密钥不正确", "the client key is wrong")
    hint = Text(
        "这里要填 wxgate 的客户端密钥（wxg_…），不是公众号的 AppSecret",
        "wxgate wants its own client key (wxg_…) here, not the account's AppSecret",
    )


class TokenWrong(AuthError):
    """A virtual token that is not ours, has expired, or was made with an older key."""

    code = "auth_token_wrong"
    errcode = 42001
    message = Text("access_token 无效或已过期", "the access_token is invalid or has expired")
    hint = Text(
        "向 wxgate 重新获取 access_token；微信直接发的 token 在这里不能用",
        "get a new access_token from wxgate; one that WeChat gave you is of no use here",
    )


class AuthAmbiguous(AuthError):
    """Two valid credentials of different clients."""

    status = 400
    code = "auth_ambiguous"
    errcode = 40125
    message = Text("请求里有两个不同客户端的凭证", "credentials of two different clients")
    hint = Text("只保留一种凭证", "keep one of them")


class KeyInUrl(AuthError):
    """A client key in a URL, where proxies and logs would keep it."""

    status = 400
    code = "key_in_url"
    errcode = 40125
    message = Text("客户端密钥不能放在 URL 里", "a client key must not stand in a URL")
    hint = Text(
        "改用 Authorization 头；这个密钥可能已进入日志，建议更换",
        "use the Authorization header; the key may be in some log now, better replace it",
    )


class IpNotAllowed(AuthError):
    """The client may not call from this address."""

    status = 403
    code = "ip_not_allowed"
    errcode = 40164
    message = Text(
        "IP {ip} 不在客户端 {client} 的 allow_ips 中",
        "IP {ip} is not in the allow_ips of client {client}",
    )
    hint = Text(
        "这是 wxgate 的限制，与微信的 IP 白名单无关；请管理员修改 allow_ips",
        "this is wxgate speaking, not WeChat's whitelist; ask your operator to widen allow_ips",
    )


class ScopeMissing(AuthError):
    """The client lacks the scope of this call."""

    status = 403
    code = "scope_missing"
    category: ClassVar[Category] = "permission"
    errcode = 48001
    message = Text("客户端 {client} 没有 {scope} 权限", "client {client} lacks the scope {scope}")
    hint = Text(
        "这是 wxgate 的限制，与公众号的接口权限无关；请管理员加上该 scope："
        "config.toml 里的 scopes，或 wxgate clients change {client}",
        "this is wxgate speaking, not WeChat's API permissions; ask your operator for the scope: "
        "scopes in config.toml, or wxgate clients change {client}",
    )


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, on which account."""

    credential: Credential
    account: OfficialAccount
    by_key: bool  # came with a key in a header: understands real HTTP statuses
    signed: SignedRequest | None = None  # whose body and nonce are still to be checked

    @property
    def client(self) -> Client:
        """Who calls."""
        return self.credential.client


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """`appid` and `secret` as a tool sends them to calls that carry no token."""

    appid: str
    secret: str


class Checks(NamedTuple):
    """What the credentials of a request go through."""

    signatures: SignatureVerifier
    lockout: Lockout


# Whom the JWT of a session speaks for; raises an AuthError.
SessionReader = Callable[[str], Credential]
# Told of each credential that was let in, and from which address.
NoteUse = Callable[[Credential, str | None], None]


def _unnoted(_credential: Credential, _peer: str | None) -> None:
    """Nobody asks when a key was last used."""


class Authenticator:
    """Tells who is calling, on which account, and whether they may (contract §2)."""

    def __init__(
        self,
        clients: Clients,
        accounts: Accounts,
        tokens: VirtualTokens,
        *,
        checks: Checks | None = None,
        sessions: SessionReader | None = None,
        note_use: NoteUse = _unnoted,
    ) -> None:
        self._clients = clients
        self._accounts = accounts
        self._tokens = tokens
        self.outgoing = OutgoingGuard(clients, tokens, sessions)
        checks = checks or Checks(SignatureVerifier(clients.signing_keys), Lockout(AuthSettings()))
        self._signatures, self._lockout = checks
        self._sessions = sessions
        self._note_use = note_use

    def client(self, scope: MutableMapping[str, Any]) -> Client:
        """The caller of an ASGI request under /v1, by its headers.

        Of a signed one the body and the nonce are still to be checked: `scope["state"]["signed"]`.
        Raises an AuthError, a SignatureRefused or TooManyFailures.
        """
        request = Inbound.of(scope)
        signed = self.signed(request)
        credential = self._by_header(request, signed)
        _no_key_in_url(request)
        if credential is None:
            raise KeyMissing
        self._admit(credential, request.peer)
        if signed is not None:
            scope.setdefault("state", {})["signed"] = signed
        return credential.client

    def login(self, scope: MutableMapping[str, Any], client_id: str, secret: str) -> Credential:
        """Who opens a session by its key. Raises an AuthError."""
        request = Inbound.of(scope)
        _no_key_in_url(request)
        return self.vouched(client_id, secret, request.peer)

    def vouched(self, client_id: str, key: str, peer: str | None) -> Credential:
        """Whom id and key together speak for, let in. Raises an AuthError, TooManyFailures."""
        credential = self.known(key, peer)
        if credential.client.id != client_id:
            raise KeyWrong
        self._admit(credential, peer)
        return credential

    def as_by_now(self, credential: Credential, peer: str | None) -> Credential:
        """One that was let in earlier, as its client stands now. Raises an AuthError."""
        credential = self._by_now(credential)
        check_ip(credential.client, peer)
        return credential

    def account(self, client: Client, name_or_app_id: str) -> OfficialAccount:
        """The named account if the client may use it. Raises UnknownAccount, AccountLocked."""
        # The error repeats it: redacted, should a key have slipped in where the name belongs, and
        # without half surrogate pairs, which JSON can hold and UTF-8 cannot.
        named = redact(name_or_app_id).encode("utf-8", "replace").decode()
        if self._accounts.name_of(named) not in client.accounts:
            raise UnknownAccount(account=named[:64])
        return self._accounts.get(named)

    def relayed(self, request: Inbound, route: Route, credentials: AppCredentials | None) -> Caller:
        """The caller of a relayed call. Raises an AuthError, UnknownAccount, what Route.of does.

        `credentials` are those of a call that identifies itself by appid and secret.
        """
        signed = self.signed(request)
        by_header = self._by_header(request, signed)
        if credentials is None:
            _no_key_in_url(request)
        named = request.header(b"x-wxgate-account")
        auth = "access_token" if route.endpoint is None else route.endpoint.auth
        known = self._with_proxy(request, by_header)
        if auth == "access_token":
            credential, account = self._with_token(request, known)
            client = credential.client
            if account is not None and named and self.account(client, named) is not account:
                raise AccountForbidden
        else:
            credential, account = self._with_secret(request, known, credentials)
            client = credential.client
        self._admit(credential, request.peer)
        if account is None:
            account = self.account(client, account_name(client, named))
        check_scope(client, route.of(client.id))
        return Caller(credential, account, by_header is not None, signed)

    def token_call(self, request: Inbound, credentials: AppCredentials) -> Caller:
        """The caller of /cgi-bin/token or /cgi-bin/stable_token."""
        signed = self.signed(request)
        by_header = self._by_header(request, signed)
        known = self._with_proxy(request, by_header)
        credential, account = self._with_secret(request, known, credentials)
        self._admit(credential, request.peer)
        if account is None:
            named = request.header(b"x-wxgate-account")
            account = self.account(credential.client, account_name(credential.client, named))
        return Caller(credential, account, by_header is not None, signed)

    def signed(self, request: Inbound) -> SignedRequest | None:
        """What a signature in the headers vouches for, None where there is none.

        Raises HeaderTwice, a SignatureRefused, TooManyFailures.
        """
        if request.repeated:
            raise HeaderTwice(header=request.repeated.decode("latin-1"))
        if not is_signed(request.headers):
            return None
        try:
            signed = self._signatures.verify(request)
        except SignatureWrong as wrong:
            self._lockout.check(request.peer, wrong.claimed)
            self._lockout.failed(request.peer, wrong.claimed)
            raise
        self._lockout.check(request.peer, signed.client_id)
        return signed

    def known(self, key: str, peer: str | None) -> Credential:
        """Whom a client key that came from `peer` speaks for.

        Raises KeyWrong, KeyExpired, ClientDisabled, TooManyFailures.
        """
        claimed = claimed_by(key)
        self._lockout.check(peer, claimed)
        if (credential := self._clients.by_key(key)) is None:
            self._lockout.failed(peer, claimed)
            raise KeyWrong
        return credential

    def _by_header(self, request: Inbound, signed: SignedRequest | None) -> Credential | None:
        bearer = request.header(b"authorization")
        scheme, _, value = bearer.partition(" ")
        found = [self._bearer(value.strip(), request.peer)] if scheme.lower() == "bearer" else []
        if key := request.header(b"x-api-key"):
            found.append(self.known(key, request.peer))
        if signed is not None and (client := self._clients.by_id(signed.client_id)) is not None:
            found.append(Credential(client, digest_of(signed.key.decode("ascii"))))
        return _one(found)

    def _with_proxy(self, request: Inbound, by_header: Credential | None) -> Credential | None:
        """`by_header`, or whom the connection vouches for, as that client stands by now."""
        if request.proxied_for is None:
            return by_header
        credential = self._by_now(request.proxied_for)
        return _one([credential] if by_header is None else [by_header, credential])

    def _by_now(self, credential: Credential) -> Credential:
        found = self._clients.by_digest(credential.digest)
        if found is None:  # its key went while the connection was kept
            raise KeyWrong
        return found

    def _admit(self, credential: Credential, peer: str | None) -> None:
        check_ip(credential.client, peer)
        self._note_use(credential, peer)

    def _bearer(self, value: str, peer: str | None) -> Credential:
        # Neither a client key nor a virtual token has a dot.
        if self._sessions is not None and value.count(".") == _DOTS_OF_A_JWT:
            return self._sessions(value)
        return self.known(value, peer)

    def _with_token(
        self, request: Inbound, known: Credential | None
    ) -> tuple[Credential, OfficialAccount | None]:
        token = request.query.get("access_token")
        holder = self._tokens.open(token) if token else None
        if holder is None:
            # An unknown token beside a key is a placeholder: tools insist on sending one.
            if known is None:
                raise TokenWrong if token else KeyMissing
            if request.proxied_for is not None and token and _is_undecided(known.client, request):
                raise TokenWrong  # with a new one the tool says which account it means
            return known, None
        return self._holder(holder, known)

    def _holder(
        self, holder: Holder, known: Credential | None
    ) -> tuple[Credential, OfficialAccount]:
        credential = holder.credential
        if known is not None and known.client.id != credential.client.id:
            raise AuthAmbiguous
        return credential, self.account(credential.client, holder.account)

    def _with_secret(
        self, request: Inbound, known: Credential | None, credentials: AppCredentials | None
    ) -> tuple[Credential, OfficialAccount | None]:
        found = [] if known is None else [known]
        secret = "" if credentials is None else credentials.secret
        if request.proxied_for is not None and not claimed_by(secret):
            secret = ""  # some AppSecret: the connection has told who calls
        if secret:
            found.append(self.known(secret, request.peer))
        credential = _one(found)
        if credential is None:
            raise KeyMissing
        appid = credentials.appid if credentials is not None else ""
        return credential, self.account(credential.client, appid) if appid else None


def _is_undecided(client: Client, request: Inbound) -> bool:
    return len(client.accounts) > 1 and not request.header(b"x-wxgate-account")


def _one(found: list[Credential]) -> Credential | None:
    if len({credential.client.id for credential in found}) > 1:
        raise AuthAmbiguous
    return found[0] if found else None


def _no_key_in_url(request: Inbound) -> None:
    for name, value in request.query:
        if shows_key(name) or shows_key(value):
            raise KeyInUrl


def check_ip(client: Client, peer: str | None) -> None:
    """Raises IpNotAllowed if the client may not call from `peer`."""
    if not client.allow_ips:
        return
    try:
        ip = ipaddress.ip_address((peer or "").partition("%")[0])
    except ValueError:
        raise IpNotAllowed(ip=peer or "unknown", client=client.id) from None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if not any(ip in network for network in client.allow_ips):
        raise IpNotAllowed(ip=ip, client=client.id)


def check_scope(client: Client, route: Route) -> None:
    """Raises ScopeMissing if the client may not take the route."""
    scope = Scope.RELAY_WRITE if route.endpoint is None else Scope(route.endpoint.scope)
    if not client.may(scope):
        raise ScopeMissing(client=client.id, scope=scope.value)
    check_approval(client, scope, route.path)
