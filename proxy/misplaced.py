import re
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from urllib.parse import unquote_to_bytes

from accounts.clients import AuthError, Clients
from accounts.keys import KEY_PATTERN
from core.errors import GatewayError, Text
from proxy.request import Query
from proxy.routing import Route
from proxy.virtual_tokens import VirtualTokens

_MARKS = (b"wxg", b"eyJ")  # every credential of ours begins with one of them
_KEY = re.compile(KEY_PATTERN.pattern.encode("ascii"))
_VIRTUAL_TOKEN = re.compile(rb"wxgv_[A-Za-z0-9_-]+")
# Whether a refresh token is live, the database alone knows; nobody writes this much by chance.
_REFRESH_TOKEN = re.compile(rb"(?<![A-Za-z0-9_-])wxgr_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
_JWT = re.compile(rb"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{1,200}(?:\.[A-Za-z0-9_-]{1,800}){2}")
# Query parameters that the gateway puts its own in place of, by what the endpoint goes by.
_REPLACED = {
    "access_token": ("access_token", "secret", "appsecret"),
    "appid_secret": ("appid", "secret", "appsecret"),
}
_LOOKED_AT = 100  # of what looks like one: a body full of them must not cost a second


class CredentialMisplaced(GatewayError):
    """A credential of ours stands where it would go on to WeChat."""

    status = 400
    code = "credential_misplaced"
    category = "auth"
    errcode = 40125
    message = Text(
        "请求内容里有 wxgate 的凭证，没有转发给微信",
        "the request holds a wxgate credential where WeChat would get it; it was not sent",
    )
    hint = Text(
        "凭证只放在 Authorization 头或 access_token 参数里，从请求体中删除",
        "a credential belongs in the Authorization header or the parameter access_token alone",
    )


class OutgoingGuard:
    """Lets nothing pass to WeChat that holds a live key or token of ours.

    `session` raises an AuthError for a JWT that is none of ours, or not good any more.
    """

    def __init__(
        self,
        clients: Clients,
        tokens: VirtualTokens,
        session: Callable[[str], object] | None = None,
    ) -> None:
        self._clients = clients
        self._tokens = tokens
        self._session = session

    def check_query(self, query: Query, route: Route) -> None:
        """`check` of what goes on of a caller's query, however it is quoted."""
        auth = "access_token" if route.endpoint is None else route.endpoint.auth
        self.check(unquote_to_bytes(query.replace({}, without=_REPLACED.get(auth, ()))))

    def check(self, text: bytes) -> None:
        """Raises CredentialMisplaced. What only looks like a key, as in an article, passes."""
        if not any(mark in text for mark in _MARKS):
            return
        if self._holds_key(text) or self._holds_token(text) or self._holds_session(text):
            raise CredentialMisplaced

    def _holds_key(self, text: bytes) -> bool:
        for found in islice(_KEY.finditer(text), _LOOKED_AT):
            try:
                if self._clients.by_key(found.group().decode("ascii")) is not None:
                    return True
            except AuthError:  # a key of ours that has expired
                return True
        return False

    def _holds_token(self, text: bytes) -> bool:
        found = islice(_VIRTUAL_TOKEN.finditer(text), _LOOKED_AT)
        return any(self._tokens.open(token.group().decode("ascii")) for token in found)

    def _holds_session(self, text: bytes) -> bool:
        if _REFRESH_TOKEN.search(text):
            return True
        if self._session is None:
            return False
        for found in islice(_JWT.finditer(text), _LOOKED_AT):
            with suppress(AuthError):
                self._session(found.group().decode("ascii"))
                return True
        return False
