import asyncio
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from sandbox.answers import Answer, BrokenTransport, Refused, ok, refusal
from sandbox.apicall import AccountHandler, ApiCall, OpenHandler
from sandbox.faults import FAULT
from sandbox.ledger import SeenCall
from sandbox.publisher import Publisher
from sandbox.quotas import Quotas
from sandbox.settings import SandboxAccount
from sandbox.tokens import Tokens
from sandbox.world import World
from wechat.catalogue import Endpoint, load_catalogue

_PUBLISHING = "/cgi-bin/freepublish/"
_MAX_BODY_BYTES = 64_000_000


class CallerGone(Exception):
    """The connection ended before the request was whole; nothing is done."""


class Api:
    """The API as an ASGI app, in the order of WeChat's own checks.

    Transport (412, 404), verb, access_token, IP whitelist, right, quota, then the call itself.
    A path of the catalogue that nobody here handles takes its token and answers ok, so that a
    relay can be tried on all of them.
    """

    def __init__(
        self,
        world: World,
        tokens: Tokens,
        quotas: Quotas,
        publisher: Publisher,
        *,
        account_handlers: dict[str, AccountHandler],
        open_handlers: dict[str, OpenHandler],
    ) -> None:
        self._world = world
        self._tokens = tokens
        self._quotas = quotas
        self._publisher = publisher
        self._account_handlers = account_handlers
        self._open_handlers = open_handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        try:
            body = await _read(receive)
        except CallerGone:
            return
        call = _api_call(scope, body)
        await asyncio.sleep(self._world.settings.latency_s)
        answer = self.answer(call, scope["query_string"].decode("latin-1"))
        await _send(send, answer)

    def answer(self, call: ApiCall, raw_query: str) -> Answer:
        """Decide a call, commit what it does, and note that it was made."""
        self._publisher.settle()
        account: SandboxAccount | None = None
        try:
            endpoint = self._admit(call)
            account = self._authenticate(endpoint, call)
            answer = self._handle(call, account)
        except Refused as refused:
            answer = refusal(refused, self._world.clock())
        except BrokenTransport as broken:
            answer = Answer(b"", "text/html", broken.status)
        self._world.calls.record(
            SeenCall(
                at=self._world.clock(),
                method=call.method,
                path=call.path,
                query=raw_query,
                account=account.app_id if account else self._claimed(call),
                status=answer.status,
                errcode=answer.errcode,
                rid=answer.rid,
                content_type=call.headers.get("content-type", ""),
                length=len(call.body),
                client_ip=call.client_ip,
                fault=call.fault,
            )
        )
        return answer

    def _admit(self, call: ApiCall) -> Endpoint:
        chunked = "content-length" not in call.headers and "transfer-encoding" in call.headers
        is_upload = call.headers.get("content-type", "").startswith("multipart/")
        if chunked and (is_upload or self._world.settings.chunked_json == "refuse_412"):
            raise BrokenTransport(412)
        endpoint = load_catalogue().find(call.path)
        if endpoint is None:
            raise BrokenTransport(404)
        if call.method != endpoint.method:
            raise Refused(43001 if endpoint.method == "GET" else 43002)
        return endpoint

    def _authenticate(self, endpoint: Endpoint, call: ApiCall) -> SandboxAccount | None:
        """The account of the call's access_token; None where the path takes none."""
        if call.path in self._open_handlers or endpoint.auth == "none":
            return None
        if endpoint.auth == "appid_secret":
            secret = call.query.get("secret") or call.query.get("appsecret")
            return self._tokens.check_secret(call.query.get("appid"), secret)
        if endpoint.auth != "access_token":
            # Third-party platforms' tokens: the sandbox gives none out, so any will do.
            if not call.query.get("component_access_token") and "access_token" not in call.query:
                raise Refused(41001)
            return None
        account = self._tokens.check(call.query.get("access_token"))
        if self._world.settings.whitelist == "every_call":
            self._tokens.check_ip(account, call.client_ip)
        if call.path.startswith(_PUBLISHING) and not account.verified:
            raise Refused(48001)
        self._quotas.spend(account.app_id, call.path)
        return account

    def _handle(self, call: ApiCall, account: SandboxAccount | None) -> Answer:
        if (open_handler := self._open_handlers.get(call.path)) is not None:
            return open_handler(call)
        handler = self._account_handlers.get(call.path)
        if handler is not None and account is not None:
            return handler(call, account)
        return ok()

    def _claimed(self, call: ApiCall) -> str:
        """The AppID that a call without access_token names, if it is one of ours."""
        app_id = call.query.get("appid")
        if app_id is None:
            try:
                app_id = call.json.get("appid")
            except Refused:
                return ""
        account = self._world.account(str(app_id))
        return account.app_id if account else ""


def _api_call(scope: Scope, body: bytes) -> ApiCall:
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    client_ip = scope["client"][0] if scope["client"] else "127.0.0.1"
    fault = scope.get(FAULT, "")
    return ApiCall(scope["path"], scope["method"], dict(query), headers, body, client_ip, fault)


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerGone
        if len(body) < _MAX_BODY_BYTES:
            body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


async def _send(send: Send, answer: Answer) -> None:
    headers = {"Content-Type": answer.content_type, "Content-Length": str(len(answer.body))}
    raw = [
        (name.encode(), value.encode("latin-1"))
        for name, value in (headers | answer.headers).items()
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})
