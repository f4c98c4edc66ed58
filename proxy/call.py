import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import orjson

from accounts.official import Accounts, OfficialAccount
from cache.tokens import AccessToken
from core.errors import GatewayError, Text
from proxy.advice import advice_for
from proxy.answer import NotJson, errcode_of, read_object
from proxy.app_secret import real_query
from proxy.body import Body, MemoryBody
from proxy.deadline import Deadline
from proxy.exchange import Exchange, Trip
from proxy.hosts import Hosts
from proxy.invalidation import Sends
from proxy.quota import CLEAR_PATH, cleared_path
from proxy.request import Query
from proxy.retry import Errand, Kind, Retrier, patience_for
from proxy.routing import PathInvalid, Route
from proxy.rulebook import NamedRule
from proxy.storm import Storms
from proxy.tokens import TokenConflict, TokenService
from proxy.upstream import UpstreamRequest, patience_s
from wechat.call import BadAnswer, NotBegun, NotSent, OutcomeUnknown, Upload, WeChatRefused
from wechat.catalogue import Catalogue
from wechat.errcodes import BUSY, STALE_TOKEN, Errcodes

T = TypeVar("T")

_MAX_JSON_BYTES = 10_000_000
_SHOWQRCODE = "/cgi-bin/showqrcode"
_SECRETS = ("secret", "appsecret")

# Makes the request for a base URL and a quoted token.
_BuildWithToken = Callable[[str, str], UpstreamRequest]


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
    asked: Deadline | None = None  # by when the client wants it done
    builtin: NamedRule | None = None  # what leaves others something of the day's quota


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
        hosts: Hosts,
        facts: WeChatFacts,
        accounts: Accounts,
        tokens: TokenService,
        exchanger: Sends,
        retrier: Retrier,
    ) -> None:
        self._hosts = hosts
        self._facts = facts
        self._accounts = accounts
        self._tokens = tokens
        self._exchanger = exchanger
        self._retrier = retrier
        self._storms = Storms(monotonic=time.monotonic)

    def remaining(self, account: str, path: str) -> int | None:
        """Calls of `path` left to `account` today, or None where that is not known."""
        return self._exchanger.quota.remaining(self._accounts.get(account), path)

    async def relay(self, call: RelayedCall) -> Exchange:
        """The answer to pass on; its holder must close it.

        Repeated as the endpoint allows; an answer that stays bad is passed on as it is. Raises
        NotSent (as QuotaClosed too), RateLimited, OutcomeUnknown (a write), NoAnswer (anything
        else), KeyInUrl, or what stands in the way of a token.
        """
        self.check(call)
        trip = self._trip(call.account, call.route.path, call.body, call.asked)
        trip.builtin = call.builtin
        try:
            return await self._retrier.run(
                _errand(trip), lambda: self._relayed(trip, call), _failure_of
            )
        except GatewayError as exc:
            if trip.exchange is not None:  # the repeat was not sent: what WeChat said stands
                return trip.exchange
            raise _told(exc, write=call.route.write) from None
        except BaseException:
            trip.close()
            raise

    def check(self, call: RelayedCall) -> None:
        """Raises QuotaClosed or RateLimited where the day's calls are spent."""
        self._exchanger.quota.check(call.account, call.route.path, call.builtin)

    async def _relayed(self, trip: Trip, call: RelayedCall) -> Exchange:
        auth = "access_token" if trip.endpoint is None else trip.endpoint.auth
        if auth == "access_token":
            exchange = await self._with_token(trip, lambda url, token: _injected(url, call, token))
            self._note_clearing(call, exchange)
            return exchange
        by_secret = auth == "appid_secret"
        query = real_query(call.query, call.account) if by_secret else call.query.replace({})
        exchange = await self._exchanger.send(trip, lambda url: _outgoing(url, call, query))
        if not by_secret:
            return exchange
        return _discreet(trip, call.account.app_secret.get_secret_value())

    def _note_clearing(self, call: RelayedCall, exchange: Exchange) -> None:
        clears = call.route.path == CLEAR_PATH and exchange.errcode == 0
        if clears and (path := cleared_path(call.body)):
            self._exchanger.quota.cleared(call.account, path)

    def _trip(
        self,
        account: OfficialAccount,
        path: str,
        body: Body | None,
        asked: Deadline | None = None,
    ) -> Trip:
        endpoint = self._facts.catalogue.find(path)
        deadline = Deadline(patience_s(self._hosts.timeout_s, body)).sooner(asked)
        urls = self._hosts.mp if path == _SHOWQRCODE else self._hosts.api
        return Trip(account, endpoint, path, deadline, urls)

    async def get(
        self, account: str, path: str, *, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """GET with `query`; see `wechat.call.Call`."""
        repeatable = not self._writes(path)
        return await self._own(
            *(account, path, query, None),
            lambda url: UpstreamRequest("GET", url, {}, repeatable=repeatable),
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
            *(account, path, query, data), lambda url: UpstreamRequest("POST", url, headers, data)
        )

    async def upload(
        self, account: str, path: str, upload: Upload, *, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """POST `upload` as the part `media` of a form; see `wechat.call.Call`."""
        boundary = os.urandom(16).hex()
        data = MemoryBody(_form(upload, boundary))
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return await self._own(
            *(account, path, query, data), lambda url: UpstreamRequest("POST", url, headers, data)
        )

    def _writes(self, path: str) -> bool:
        endpoint = self._facts.catalogue.find(path)
        return endpoint is None or endpoint.write

    async def _with_token(self, trip: Trip, build: _BuildWithToken) -> Exchange:
        try:
            ticket = self._storms.enter(trip.account)
        except TokenConflict as cause:
            raise NotBegun(cause) from cause
        refused: bool | None = None
        try:
            exchange = await self._replayed(trip, build)
            refused = exchange.errcode in STALE_TOKEN
        except NotBegun as exc:
            refused = True if isinstance(exc.cause, TokenConflict) else None
            raise
        finally:
            self._storms.leave(trip.account, ticket, refused=refused)
        return exchange

    async def _replayed(self, trip: Trip, build: _BuildWithToken) -> Exchange:
        token = await _before_sending(self._tokens.get(trip.account, trip.deadline))
        exchange = await self._injected(trip, build, token)
        if exchange.errcode not in STALE_TOKEN or trip.replayed:
            return exchange
        # Refused for its token, the call has changed nothing: it may go again, once.
        trip.replayed = True
        trip.close()
        token = await _before_sending(self._tokens.renew(trip.account, token, trip.deadline))
        return await self._injected(trip, build, token)

    async def _injected(self, trip: Trip, build: _BuildWithToken, token: AccessToken) -> Exchange:
        quoted = quote(token.value, safe="")
        await self._exchanger.send(trip, lambda url: build(url, quoted))
        return _discreet(trip, token.value)

    async def _own(
        self,
        name: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Body | None,
        build: Callable[[str], UpstreamRequest],
    ) -> dict[str, Any]:
        write = self._writes(path)
        pairs = "".join(f"{urlencode({key: value})}&" for key, value in (query or {}).items())
        tail = f"{path}?{pairs}access_token="
        try:
            try:
                account = self._accounts.get(name)
                self._exchanger.quota.check(account, path)
                trip = self._trip(account, path, body)
            except GatewayError as cause:
                raise NotBegun(cause) from cause

            async def attempt() -> dict[str, Any]:
                try:
                    exchange = await self._with_token(
                        trip, lambda url, token: build(f"{url}{tail}{token}")
                    )
                    body = await exchange.read(_MAX_JSON_BYTES)
                    return self._read(path, exchange, body, write=write)
                finally:
                    trip.close()

            return await self._retrier.run(_errand(trip), attempt)
        except WeChatRefused as refused:
            if write and refused.wechat_errcode == BUSY:
                raise OutcomeUnknown(reason="WeChat is busy (-1)") from None
            raise
        except GatewayError as exc:
            keeps = write and isinstance(exc, NotBegun)
            raise exc if keeps else _told(exc, write=write) from None

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
            advice = advice_for(self._facts.errcodes.get(errcode), errmsg)
            raise WeChatRefused(
                errcode=errcode, errmsg=errmsg, path=path, advice=advice, answer=answer
            )
        return answer


async def _before_sending(work: Awaitable[T]) -> T:
    """Whatever fails in here failed before WeChat saw a byte of the call."""
    try:
        return await work
    except NotSent:
        raise
    except GatewayError as cause:
        raise NotBegun(cause) from cause


def _errand(trip: Trip) -> Errand:
    patience = patience_for(trip.endpoint)
    return Errand(trip.account, patience, trip.deadline, len(trip.base_urls))


def _failure_of(exchange: Exchange) -> Kind | None:
    """Whether an answer that could be passed on had better be asked for again."""
    if exchange.errcode == BUSY:
        return "busy"
    return None if exchange.sound else "unknown"


def _told(exc: GatewayError, *, write: bool) -> GatewayError:
    """The failure as a caller is to see it."""
    if isinstance(exc, NotBegun):
        return exc.cause
    if isinstance(exc, OutcomeUnknown) and not write:
        return NoAnswer(reason=exc.values["reason"])
    return exc


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


def _discreet(trip: Trip, secret: str) -> Exchange:
    """The trip's exchange, unless its beginning repeats `secret`, as error pages repeat URLs.

    Raises OutcomeUnknown: what such a page says of the call cannot be passed on.
    """
    exchange = trip.exchange
    if exchange is None:
        raise AssertionError("no answer to look at")
    if any(form.encode() in exchange.head for form in {secret, quote(secret, safe="")}):
        trip.close()
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
