import re
from collections.abc import Callable
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from accounts.official import Accounts, OfficialAccount, UnknownAccount
from core.clock import Clock
from core.errors import GatewayError, Text
from handlers.errors import NotFound
from jobs.inbox import Inbox
from wechat.push import PushForged, check_signature, unseal
from wechat.push_body import PushUnreadable, read_push
from wechat.pushed import Pushed, pushed

log = structlog.get_logger(__name__)

_MAX_BYTES = 65_536
_ECHO = re.compile(r"[A-Za-z0-9_-]{1,128}")
_HANDLED = "success"

# Counts a push by account and what became of it.
Count = Callable[[str, str], None]


class PushRefused(GatewayError):
    """A push whose signature or time does not fit, or that does not decrypt."""

    status = 403
    code = "push_refused"
    category = "auth"
    level = "warning"
    message = Text("推送未通过验证", "the push is not WeChat's")
    hint = Text(
        "检查该公众号的 callback_token 与 encoding_aes_key 是否与微信后台一致",
        "hold callback_token and encoding_aes_key of the account against those in WeChat's console",
    )


class PushInvalid(GatewayError):
    """A push whose signature fits and whose body nobody can read."""

    status = 400
    code = "push_invalid"
    category = "params"
    message = Text("推送内容无法解析", "the push cannot be read")
    hint = Text("应为微信推送的 XML 或 JSON", "it should be XML or JSON as WeChat pushes it")


class PushTooLarge(GatewayError):
    """A push of more bytes than WeChat sends."""

    status = 413
    code = "push_too_large"
    category = "params"
    message = Text("推送超过 {limit} 字节", "the push is over {limit} bytes")
    hint = Text("微信的推送不会这么大", "WeChat pushes nothing as large as that")


class CallbackHandler:
    """WeChat's message push: verified by its signature alone, kept, and then answered.

    Whatever is not kept is answered with an error, and WeChat sends it again. It tells a stranger
    nothing: neither why it was refused, nor which accounts there are.
    """

    def __init__(
        self, accounts: Accounts, inbox: Inbox, count: Count, *, tolerance_s: float, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._inbox = inbox
        self._count = count
        self._tolerance_s = tolerance_s
        self._clock = clock

    async def check(self, request: Request) -> Response:
        """WeChat's look at whether this address is ours: its own text back."""
        account, echo = self._account(request), request.query_params.get("echostr", "")
        try:
            self._check_signature(account, request, "signature")
        except PushForged as exc:
            raise self._refused(account, exc) from None
        if not _ECHO.fullmatch(echo):  # no signature covers it
            raise PushInvalid
        self._count(account.name, "checked")
        return PlainTextResponse(echo)

    async def push(self, request: Request) -> Response:
        """A message or an event."""
        account = self._account(request)
        body = await _read(request)
        try:
            taken = self._opened(account, request, body)
        except PushForged as exc:
            raise self._refused(account, exc) from None
        except PushUnreadable as exc:
            self._count(account.name, "unreadable")
            log.warning("push unreadable", account=account.name, reason=str(exc))
            raise PushInvalid from None
        is_new = await self._inbox.take(account.name, taken)
        self._count(account.name, "taken" if is_new else "repeated")
        return PlainTextResponse(_HANDLED)

    def _opened(self, account: OfficialAccount, request: Request, body: bytes) -> Pushed:
        """What was pushed. Raises PushForged, PushUnreadable.

        In safe mode nothing inside is looked at before the signature over all of it fits. Once a
        key is configured nothing in plain is taken: its signature does not cover the body.
        """
        keys = [
            key.get_secret_value()
            for key in (account.encoding_aes_key, account.previous_encoding_aes_key)
        ]
        if not any(keys):
            self._check_signature(account, request, "signature")
            return pushed(read_push(body), sealed=False)
        sealed = _envelope(body).get("Encrypt")
        if not isinstance(sealed, str):
            raise PushForged("in plain, and the account has an EncodingAESKey")
        self._check_signature(account, request, "msg_signature", sealed)
        opened = unseal(sealed, encoding_aes_keys=keys, app_id=account.app_id)
        return pushed(read_push(opened), sealed=True)

    def _check_signature(
        self, account: OfficialAccount, request: Request, field: str, *parts: str
    ) -> None:
        query = request.query_params
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        tokens = (
            account.callback_token.get_secret_value(),
            account.previous_callback_token.get_secret_value(),
        )
        check_signature(query.get(field, ""), tokens, timestamp, nonce, *parts)
        seconds = int(timestamp) if timestamp.isdecimal() and len(timestamp) < 12 else 0
        if abs(self._clock() - seconds) > self._tolerance_s:
            raise PushForged("its time is too far from ours: an old push, or a wrong clock here")

    def _account(self, request: Request) -> OfficialAccount:
        """The account, if it takes pushes. Raises NotFound, AccountLocked."""
        name = request.path_params["account"]
        try:
            account = self._accounts.get(name)
        except UnknownAccount:
            log.info("push for an unknown account", account=name[:64])
            raise NotFound from None
        if not account.callback_token.get_secret_value():
            log.warning("push refused: the account has no callback_token", account=account.name)
            raise NotFound
        return account

    def _refused(self, account: OfficialAccount, exc: PushForged) -> PushRefused:
        self._count(account.name, "refused")
        log.warning("push refused", account=account.name, reason=str(exc))
        return PushRefused()


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        return read_push(body)
    except PushUnreadable as exc:
        raise PushForged(str(exc)) from None


async def _read(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_BYTES:
                raise PushTooLarge(limit=_MAX_BYTES)
    except ClientDisconnect:
        raise PushInvalid from None
    return bytes(body)
