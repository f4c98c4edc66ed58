import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from accounts.official import Accounts, OfficialAccount
from core.errors import GatewayError, Text
from proxy.advice import advice_for
from proxy.answer import NotJson, errcode_of, read_object
from proxy.app_secret import real_query
from proxy.body import Body, MemoryBody
from proxy.exchange import Exchange, Exchanger
from proxy.request import Query
from proxy.retry import Retrier, patience_for
from proxy.routing import PathInvalid, Route
from proxy.tokens import TokenService
from proxy.upstream import UpstreamRequest, UpstreamSettings
from wechat.call import BadAnswer, NotBegun, NotSent, OutcomeUnknown, Upload, WeChatRefused
from wechat.catalogue import Catalogue
from wechat.errcodes import BUSY, STALE_TOKEN, Errcodes

_MAX_JSON_BYTES = 10_000_000
_SHOWQRCODE = "/cgi-bin/showqrcode"
_SECRETS = ("secret", "appsecret")


class NoAnswer(BadAnswer):
    """A call that changes nothing got no complete answer."""

    status = 504
    code = "upstream_no_answer"
    message = Text("没有等到微信的完整应答：{reason}", "WeChat gave no complete answer: {reason}")


class NotUnicode(GatewayError):
    """A text that cannot be written as UTF-8 (half of a surrogate pair)."""

    status = 422
    code = "text_not_unicode"
    category = "params"
    message = Text("内容里有无法用 UTF-8 表示的字符", "a text cannot be written as UTF-8")
    hint = Text("检查内容的编码", "check how the text was decoded")


@dataclass(frozen=True, slots=True)
class RelayedCall:
    """A call of a client's, ready but for the token."""

    account: OfficialAccount
    route: Route
    method: str
    query: Query
    headers: dict[str, str]
    body: Body | None


@dataclass(frozen=True, slots=True)
class WeChatFacts:
    """The tables that tell what a path and an errcode mean."""

    catalogue: Catalogue
    errcodes: Errcodes


class Calls:
    """Every call to WeChat, relayed or our own: token, one replay, quota ledger, metrics.

    Keeps the Protocol `wechat.call.Call`. A call may fail for want of a token: AccountMisconfigured
    and TokenConflict (in a NotBegun where the call writes) need a person, TokenUnavailable is a
    NotSent.
    """

    def __init__(
        self,
        settings: UpstreamSettings,
        facts: WeChatFacts,
        accounts: Accounts,
        tokens: TokenService,
        exchanger: Exchanger,
        retrier: Retrier,
    ) -> None:
        self._base_url = settings.base_urls[0]
        self._mp_base_url = settings.mp_base_url
        self._deadline_s = settings.timeout_s
        self._facts = facts
        self._accounts = accounts
        self._tokens = tokens
        self._exchanger = exchanger
        self._retrier = retrier

    def remaining(self, account: str, path: str) -> int | None:
        """Calls of `path` left to `account` today, or None where that is not known."""
        return self._exchanger.quota.remaining(self._accounts.get(account), path)

    async def relay(self, call: RelayedCall) -> Exchange:
        """The answer to pass on; its holder must close it.

        Sent once, and once more with another token if WeChat refused the first. Raises NotSent,
        OutcomeUnknown (a write), NoAnswer (anything else), KeyInUrl, or what stands in the way of
        a token.
        """
        endpoint = call.route.endpoint
        try:
            if endpoint is None or endpoint.auth == "access_token":
                return await self._with_token(
                    call.account,
                    call.route.path,
                    lambda token: _injected(self._base_url, call, token),
                )
            base_url = self._mp_base_url if endpoint.path == _SHOWQRCODE else self._base_url
            by_secret = endpoint.auth == "appid_secret"
            query = real_query(call.query, call.account) if by_secret else call.query.replace({})
            request = _outgoing(base_url, call, query)
            exchange = await self._exchanger.send(call.account, endpoint.path, request, known=True)
            secret = call.account.app_secret.get_secret_value()
            return _discreet(exchange, secret) if by_secret else exchange
        except NotBegun as exc:
            raise exc.cause from None
        except OutcomeUnknown as exc:
            if call.route.write:
                raise
            raise NoAnswer(reason=exc.values["reason"]) from None

    async def get(
        self, account: str, path: str, *, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """GET with `query`; see `wechat.call.Call`."""
        repeatable = not self._writes(path)
        return await self._own(
            account, path, lambda url: UpstreamRequest("GET", url, {}, repeatable=repeatable), query
        )

    async def post(
        self,
        account: str,
        path: str,
        body: Mapping[str, Any],
        *,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """POST `body` as raw UTF-8 JSON; see `wechat.call.Call`. NotBegun may be a NotUnicode."""
        try:
            data = MemoryBody(orjson.dumps(dict(body)))
        except orjson.JSONEncodeError:
            raise NotBegun(NotUnicode()) from None
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return await self._own(
            account, path, lambda url: UpstreamRequest("POST", url, headers, data), query
        )

    async def upload(
        self, account: str, path: str, upload: Upload, *, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """POST `upload` as the part `media` of a form; see `wechat.call.Call`."""
        boundary = os.urandom(16).hex()
        data = MemoryBody(_form(upload, boundary))
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return await self._own(
            account, path, lambda url: UpstreamRequest("POST", url, headers, data), query
        )

    def _writes(self, path: str) -> bool:
        endpoint = self._facts.catalogue.find(path)
        return endpoint is None or endpoint.write

    async def _with_token(
        self, account: OfficialAccount, path: str, build: Callable[[str], UpstreamRequest]
    ) -> Exchange:
        known = self._facts.catalogue.find(path) is not None
        with _not_begun():
            token = await self._tokens.get(account)
        request = build(quote(token.value, safe=""))
        exchange = await self._exchanger.send(account, path, request, known=known)
        if exchange.errcode not in STALE_TOKEN:
            return _discreet(exchange, token.value)
        # Refused for its token, the call has changed nothing: it may go again, once.
        exchange.close()
        with _not_begun():
            token = await self._tokens.renew(account, token)
        request = build(quote(token.value, safe=""))
        exchange = await self._exchanger.send(account, path, request, known=known)
        return _discreet(exchange, token.value)

    async def _own(
        self,
        name: str,
        path: str,
        build: Callable[[str], UpstreamRequest],
        query: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        write = self._writes(path)
        url = f"{self._base_url}{path}?" + "".join(
            f"{urlencode({key: value})}&" for key, value in (query or {}).items()
        )

        async def attempt() -> dict[str, Any]:
            with _not_begun():
                account = self._accounts.get(name)
            exchange = await self._with_token(
                account, path, lambda token: build(f"{url}access_token={token}")
            )
            try:
                return self._read(path, exchange, await exchange.read(_MAX_JSON_BYTES), write=write)
            finally:
                exchange.close()

        try:
            return await self._retrier.run(
                patience_for(self._facts.catalogue.find(path)),
                attempt,
                deadline_s=self._deadline_s,
            )
        except NotBegun as exc:
            if write:
                raise
            raise exc.cause from None
        except OutcomeUnknown as exc:
            if write:
                raise
            raise NoAnswer(reason=exc.values["reason"]) from None
        except WeChatRefused as refused:
            if write and refused.wechat_errcode == BUSY:
                raise OutcomeUnknown(reason="WeChat is busy (-1)") from None
            raise

    def _read(
        self, path: str, exchange: Exchange, body: bytes | None, *, write: bool
    ) -> dict[str, Any]:
        try:
            answer = read_object(body or b"")
            errcode = errcode_of(answer)
        except NotJson:
            status = exchange.answer.status
            reason = f"HTTP {status}, not WeChat's JSON"
            # 4xx is the front server's word that it took nothing, such as 412 for a bad length.
            if write and not 400 <= status < 500:
                raise OutcomeUnknown(reason=reason) from None
            raise BadAnswer(reason=reason) from None
        if errcode:
            errmsg = str(answer.get("errmsg", ""))
            advice = advice_for(self._facts.errcodes.get(errcode))
            raise WeChatRefused(errcode=errcode, errmsg=errmsg, path=path, advice=advice)
        return answer


@contextmanager
def _not_begun() -> Iterator[None]:
    """Whatever fails in here failed before WeChat saw a byte of the call."""
    try:
        yield
    except NotSent:
        raise
    except GatewayError as cause:
        raise NotBegun(cause) from cause


def _injected(base_url: str, call: RelayedCall, token: str) -> UpstreamRequest:
    """The request with our token in place of whatever the caller sent as one."""
    return _outgoing(base_url, call, call.query.replace({"access_token": token}, without=_SECRETS))


def _outgoing(base_url: str, call: RelayedCall, query: str) -> UpstreamRequest:
    path = call.route.path
    if not path.startswith("/"):
        raise PathInvalid  # it would lengthen the name of the host
    url = f"{base_url}{path}?{query}" if query else base_url + path
    return UpstreamRequest(
        call.method, url, call.headers, call.body, repeatable=not call.route.write
    )


def _discreet(exchange: Exchange, secret: str) -> Exchange:
    """The `exchange`, unless its beginning repeats `secret`, as error pages repeat URLs.

    Raises OutcomeUnknown: what such a page says of the call cannot be passed on.
    """
    if any(form.encode() in exchange.head for form in {secret, quote(secret, safe="")}):
        exchange.close()
        raise OutcomeUnknown(reason="the answer repeats a secret of the request")
    return exchange


def _form(upload: Upload, boundary: str) -> bytes:
    return b"".join(
        (
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="media"; filename="{upload.filename}"\r\n'
            f"Content-Type: {upload.content_type}\r\n\r\n".encode("ascii"),
            upload.data,
            f"\r\n--{boundary}--\r\n".encode("ascii"),
        )
    )
