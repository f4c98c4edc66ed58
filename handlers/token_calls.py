import time
from typing import Any

from core.clock import Clock
from core.errors import GatewayError, Text
from handlers.wechat_form import shows_key_header
from proxy.answer import NotJson, read_object
from proxy.auth import AppCredentials, Authenticator, Caller
from proxy.body import MemoryBody, Receive
from proxy.deadline import Deadline
from proxy.request import Inbound
from proxy.signed_body import SignedBodies
from proxy.tokens import TokenService
from proxy.virtual_tokens import VirtualTokens

TOKEN = "/cgi-bin/token"  # noqa: S105 (a path)
STABLE_TOKEN = "/cgi-bin/stable_token"  # noqa: S105 (a path)
PATHS = frozenset({TOKEN, STABLE_TOKEN})


class TokenCallInvalid(GatewayError):
    """A token call that lacks a field, or has a wrong one; errcodes as WeChat's own."""

    status = 422
    code = "token_call_invalid"
    category = "params"
    message = Text("{problem}", "{problem_en}")
    hint = Text(
        "参数同微信：grant_type=client_credential、appid（AppID 或账号名）、"
        "secret（wxgate 客户端密钥）",
        "as at WeChat: grant_type=client_credential, appid (AppID or account name), "
        "secret (the wxgate client key)",
    )


class GrantTypeWrong(TokenCallInvalid):
    """grant_type is not client_credential."""

    errcode = 40002


class AppIdMissing(TokenCallInvalid):
    """No appid."""

    errcode = 41002


class SecretMissing(TokenCallInvalid):
    """Neither a secret nor a key in a header."""

    errcode = 41004


class NotAnObject(TokenCallInvalid):
    """The body is not one JSON object."""

    errcode = 47001


class TokenCalls:
    """Answers /cgi-bin/token and /cgi-bin/stable_token with virtual tokens."""

    def __init__(
        self,
        authenticator: Authenticator,
        bodies: SignedBodies,
        tokens: TokenService,
        virtual: VirtualTokens,
        *,
        clock: Clock = time.time,
    ) -> None:
        self._authenticator = authenticator
        self._bodies = bodies
        self._tokens = tokens
        self._virtual = virtual
        self._clock = clock

    async def caller(self, path: str, request: Inbound, receive: Receive) -> Caller:
        """Who asks. Raises GatewayErrors."""
        signed = self._authenticator.signed(request)
        # A replay would hand a token to whoever listened: as strict as with writes.
        body = await self._bodies.read_small(request, receive, signed, write=True)
        said = dict(request.query) if path == TOKEN else _json(body)
        return self._authenticator.token_call(request, _credentials(said, request))

    async def answer(self, caller: Caller, asked: Deadline | None) -> dict[str, Any]:
        """The answer as WeChat would give it, by `asked` at the latest. Raises GatewayErrors."""
        token = await self._tokens.get(caller.account, asked)
        value = self._virtual.make(caller.credential, caller.account, expires_at=token.expires_at)
        life_s = max(0, int(token.expires_at - self._clock()))
        return {"access_token": value, "expires_in": life_s}


def _json(body: MemoryBody | None) -> dict[str, Any]:
    try:
        return read_object(b"" if body is None else body.data)
    except NotJson:
        raise NotAnObject(
            problem="请求体不是 JSON 对象", problem_en="the body is not a JSON object"
        ) from None


def _credentials(said: dict[str, Any], request: Inbound) -> AppCredentials:
    if said.get("grant_type") != "client_credential":
        raise GrantTypeWrong(
            problem="grant_type 应为 client_credential",
            problem_en="grant_type must be client_credential",
        )
    appid, secret = said.get("appid"), said.get("secret", "")
    if not isinstance(appid, str) or not appid:
        raise AppIdMissing(problem="缺少 appid", problem_en="appid is missing")
    known = shows_key_header(request.headers) or request.proxied_for is not None
    if not isinstance(secret, str) or not (secret or known):
        raise SecretMissing(problem="缺少 secret", problem_en="secret is missing")
    return AppCredentials(appid, secret)
