from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
import structlog

from accounts.audit import AuditEntry
from accounts.clients import Enhance
from core.errors import GatewayError, Language
from core.ids import new_id
from handlers.enhance import RelayCare
from handlers.explain import explained
from handlers.presence import Presence
from handlers.relay_journal import RelayJournal
from handlers.token_calls import PATHS as TOKEN_PATHS
from handlers.token_calls import TokenCalls
from handlers.wechat_form import Headers, language_of_headers, refusal
from proxy.advice import error_header
from proxy.app_secret import credentials_of, real_body, said_in
from proxy.auth import Authenticator, Caller
from proxy.body import Body, ClientGone, MemoryBody, Receive, StoredBody
from proxy.call import RelayedCall
from proxy.deadline import Deadline, asked_deadline
from proxy.exchange import Exchange
from proxy.multipart import mend_upload
from proxy.ratelimit import Admission, Limiter, RateLimited
from proxy.request import HeaderNotAscii, Inbound, blame, remember
from proxy.responses import CachedCalls, Relayed, Wish
from proxy.routing import Route, Router
from proxy.signed_body import SignedBodies
from wechat.call import OutcomeUnknown
from wechat.errcodes import Errcodes

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_JSON: Headers = [(b"content-type", b"application/json; charset=utf-8")]
# Of the caller's headers; who it is and what it runs on is not WeChat's business.
_PASSED_ON = (b"content-type", b"accept")
_API_SECURITY = b"wechatmp-"  # signatures of bodies that the caller itself encrypted
# Of WeChat's answer; its length is said anew, all else (cookies, Server, Location) stays behind.
_PASSED_BACK = frozenset(
    {
        *(b"content-type", b"content-disposition", b"content-encoding", b"content-language"),
        *(b"cache-control", b"last-modified", b"etag"),
    }
)
# Endpoints that take their file only from the part `media`.
_MEDIA_PATHS = ("/cgi-bin/media/", "/cgi-bin/material/", "/customservice/kfaccount/")


class _Kept(NamedTuple):
    """With whom the caller may share answers, and whether it wants to; what becomes of this one."""

    rights: Collection[str]
    wish: Wish
    note: AuditEntry | None
    explain: Language | None  # in which a refusal is explained; None: not asked for


@dataclass(frozen=True, slots=True)
class Stages:
    """What a relayed call passes, in this order."""

    router: Router
    authenticator: Authenticator
    limiter: Limiter
    bodies: SignedBodies
    token_calls: TokenCalls
    calls: CachedCalls
    errcodes: Errcodes
    journal: RelayJournal
    care: RelayCare | None = None  # None: all goes up as it comes


class Relay:
    """The fast path: WeChat's API under our roof, a plain ASGI callable (contract §3).

    route → who → limits → body → token, upstream, replay (Calls) → answer, in a straight line.
    """

    def __init__(self, stages: Stages) -> None:
        self.router = stages.router
        self._authenticator = stages.authenticator
        self._limiter = stages.limiter
        self._bodies = stages.bodies
        self._token_calls = stages.token_calls
        self._calls = stages.calls
        self._errcodes = stages.errcodes
        self._journal = stages.journal
        self._care = stages.care
        self._presence = Presence()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        request = Inbound.of(scope)
        request_id = scope.get("state", {}).get("request_id") or new_id("req")
        ours: Headers = [(b"x-request-id", request_id.encode("latin-1"))]
        try:
            await self._serve(scope, request, receive, send, ours)
        except GatewayError as error:
            if isinstance(error, RateLimited):
                # In place of how the rules stood that let the call in.
                told = {name for name, _ in error.headers}
                ours = [header for header in ours if header[0] not in told] + error.headers
            status, said, body = refusal(error, request.headers, request_id, self._errcodes)
            remember(scope, error=error.code)
            blame(scope, "wechat" if error.upstream else "wxgate", error.category)
            await _send_whole(send, status, [*said, *ours], body)
        except ClientGone:
            log.info("client gone before its answer", request_id=request_id)

    async def _serve(
        self, scope: Scope, request: Inbound, receive: Receive, send: Send, ours: Headers
    ) -> None:
        route = self.router.find(request.raw_path, request.method)
        remember(scope, route="other" if route.endpoint is None else route.path)
        asked = asked_deadline(request.headers)
        if route.path in TOKEN_PATHS:
            caller = await self._token_calls.caller(route.path, request, receive)
            route.of(caller.client.id)
            _met(scope, caller, ours)
            with await self._admit(caller, route, ours):
                answer = await self._token_calls.answer(caller, asked)
                await _send_whole(send, 200, [*_JSON, *ours], orjson.dumps(answer))
            return
        body: StoredBody | None = None
        sent: StoredBody | None = None  # in its place
        by_secret = route.endpoint is not None and route.endpoint.auth == "appid_secret"
        if by_secret:
            caller, body = await self._by_secret(request, route, receive)
        else:
            caller = self._authenticator.relayed(request, route, None)
            route = route.of(caller.client.id)  # as rules for some clients alone have it
            if caller.signed is not None:
                # Before it counts as a call: replays by whoever listened cost its client nothing.
                body = await self._read(request, route, caller, receive)
        _met(scope, caller, ours)
        try:
            with await self._admit(caller, route, ours):
                wanted = self._care.wanted(request, caller) if self._care else frozenset()
                if not by_secret and caller.signed is None:
                    body = await self._read(request, route, caller, receive)
                self._check_outgoing(request, route, body)
                note = self._journal.about(request, _request_id(ours), caller, route, body)
                if body is not None and self._care and self._care.concerns(route, wanted):
                    looked = await self._care.look_after(
                        *(request, _request_id(ours), caller, route, body, asked)
                    )
                    note = looked.note or note
                    if looked.body is not None:
                        sent = await self._bodies.keep(looked.body)
                    ours += looked.headers
                call = await self._outgoing(request, route, caller, sent or body, asked)
                explain = language_of_headers(request.headers) if _explains(wanted) else None
                kept = _Kept(caller.client.scopes, _wish(request), note, explain)
                errcode = await self._pass_through(call, kept, receive, ours, send)
        finally:
            for each in (body, sent):
                if each is not None:
                    each.close()
        if errcode:
            blame(scope, "wechat", self._errcodes.get(errcode).category)

    async def _read(
        self, request: Inbound, route: Route, caller: Caller, receive: Receive
    ) -> StoredBody | None:
        return await self._bodies.read(request, receive, caller.signed, write=route.write)

    async def _admit(self, caller: Caller, route: Route, ours: Headers) -> Admission:
        admission = await self._limiter.admit(caller.client, caller.account, route.path)
        ours += admission.headers()
        return admission

    async def _by_secret(
        self, request: Inbound, route: Route, receive: Receive
    ) -> tuple[Caller, StoredBody | None]:
        """Such a call's body may say who is calling, so it is read before that is known.

        Unless the call is signed: then nothing is read of the body that was not signed too.
        """
        signed = self._authenticator.signed(request)
        body = await self._bodies.read_small(request, receive, signed, write=route.write)
        said = said_in(body)
        caller = self._authenticator.relayed(request, route, credentials_of(request.query, said))
        return caller, real_body(body, said, caller.account)

    def _check_outgoing(self, request: Inbound, route: Route, body: StoredBody | None) -> None:
        """Raises CredentialMisplaced."""
        self._authenticator.outgoing.check_query(request.query, route)
        if isinstance(body, MemoryBody):
            self._authenticator.outgoing.check(body.data)

    async def _outgoing(
        self,
        request: Inbound,
        route: Route,
        caller: Caller,
        body: StoredBody | None,
        asked: Deadline | None,
    ) -> RelayedCall:
        """What goes up, by `asked` at the latest."""
        sent, headers = await _mended(request, route, body), _passed_on(request)
        builtin = self._limiter.rulebook.builtin(caller.client, caller.account, route.path)
        return RelayedCall(
            *(caller.account, route, request.method, request.query, headers, sent), asked, builtin
        )

    async def _pass_through(
        self, call: RelayedCall, kept: _Kept, receive: Receive, ours: Headers, send: Send
    ) -> int:
        """The errcode of WeChat's answer, which has been passed on."""
        relaying = self._calls.relay(call, kept.rights, kept.wish)
        # A write that was sent is finished and written down, whether or not anybody still waits.
        if kept.note is not None:
            relaying = self._journal.noted(relaying, kept.note)
        elif not call.route.write:
            relaying = self._presence.needed(relaying, receive)
        relayed = await relaying
        exchange = relayed.exchange
        try:
            ours += _cache_headers(relayed)
            remaining = self._calls.remaining(call.account.name, call.route.path)
            if remaining is not None:
                ours.append((b"x-wxgate-quota-remaining", b"%d" % remaining))
            head = exchange.head  # others may be given the same exchange: it stays WeChat's
            if exchange.errcode:
                errmsg = head.decode("utf-8", "replace")
                said = error_header(self._errcodes, exchange.errcode, errmsg)
                ours.append((b"x-wxgate-error", said.encode("ascii")))
                if kept.explain and exchange.errcode in self._errcodes:
                    known = self._errcodes.get(exchange.errcode)
                    head = explained(head, known, kept.explain)
            await _send_exchange(send, exchange, head, ours)
            return exchange.errcode
        finally:
            exchange.close()


def _met(scope: Scope, caller: Caller, ours: Headers) -> None:
    name = caller.account.name
    remember(scope, client_id=caller.client.id, account=name)
    ours.append((b"x-wxgate-account", name.encode("ascii")))


async def _mended(request: Inbound, route: Route, body: StoredBody | None) -> Body | None:
    content_type = request.header(b"content-type")
    if body is None or not content_type.startswith("multipart/form-data"):
        return body
    part_name = "media" if route.path.startswith(_MEDIA_PATHS) else None
    return await mend_upload(body, content_type, part_name=part_name)


def _passed_on(request: Inbound) -> dict[str, str]:
    # Identity: a compressed answer would hide its errcode from us.
    headers = {"User-Agent": "wxgate", "Accept-Encoding": "identity"}
    for name, value in request.headers.items():
        if name in _PASSED_ON or name.startswith(_API_SECURITY):
            if not value.isascii():
                raise HeaderNotAscii(header=name.decode("latin-1"))
            headers[name.decode("latin-1")] = value.decode("ascii")
    return headers


def _request_id(ours: Headers) -> str:
    return dict(ours)[b"x-request-id"].decode("latin-1")


def _explains(wanted: frozenset[Enhance]) -> bool:
    return bool(wanted) and Enhance.EXPLAIN in wanted  # an Enum takes its time to hash


def _wish(request: Inbound) -> Wish:
    """What the caller's Cache-Control asks of us."""
    said = request.header(b"cache-control").lower()
    return "no-store" if "no-store" in said else "no-cache" if "no-cache" in said else ""


def _cache_headers(relayed: Relayed) -> Headers:
    headers: Headers = [(b"x-wxgate-cache", relayed.state.encode("ascii"))]
    if relayed.state == "hit":
        headers.append((b"age", b"%d" % relayed.age_s))
    return headers


async def _send_exchange(send: Send, exchange: Exchange, head: bytes, ours: Headers) -> None:
    """Pass on the answer, with `head` as its beginning."""
    answer = exchange.answer
    headers = [
        (name, value)
        for raw_name, value in answer.headers
        if (name := raw_name.lower()) in _PASSED_BACK
        or (name == b"content-length" and not exchange.complete)
    ]
    if exchange.complete:
        await _send_whole(send, answer.status, [*headers, *ours], head)
        return
    await send(
        {"type": "http.response.start", "status": answer.status, "headers": [*headers, *ours]}
    )
    await send({"type": "http.response.body", "body": head, "more_body": True})
    try:
        async for chunk in exchange.chunks():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    except OutcomeUnknown as exc:
        # Too late for an error: the server cuts the connection, so the caller sees it is short.
        log.warning("answer broke off half-way", reason=exc.values["reason"])
        return
    await send({"type": "http.response.body"})


async def _send_whole(send: Send, status: int, headers: Headers, body: bytes) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
