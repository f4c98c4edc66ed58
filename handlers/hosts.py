import ipaddress
import re
from collections.abc import Iterable

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import GatewayError, Text, language_of

_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]{1,253}))(?::([0-9]{1,5}))?")
_LAST_PORT = 65_535
_LOOPBACK_NAMES = frozenset({"localhost"})


class HostInvalid(GatewayError):
    """The request has no Host, several, or one that is not ours."""

    status = 400
    code = "host_invalid"
    category = "params"
    message = Text("Host 请求头不被接受：{host}", "the Host header is not accepted: {host}")
    hint = Text(
        "若这是网关的正式域名，请写入配置 server.public_url 或 server.allowed_hosts",
        "if this is the gateway's name, set server.public_url or server.allowed_hosts",
    )


class HostMiddleware:
    """Answers only requests for names that are ours: a page elsewhere cannot rebind to us.

    Ours are `names`, loopback names and every literal IP.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = frozenset(name.lower().rstrip(".") for name in names) | _LOOPBACK_NAMES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            hosts = [value for name, value in scope["headers"] if name == b"host"]
            if len(hosts) != 1 or not self._is_ours(hosts[0].decode("latin-1")):
                await refuse_host(scope, HostInvalid, hosts, send)
                return
        await self._app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        found = _HOST.fullmatch(host)
        if found is None or int(found.group(3) or 0) > _LAST_PORT:
            return False
        if found.group(1):
            return _is_ip(found.group(1))
        name = found.group(2).lower().rstrip(".")
        return name in self._names or _is_ip(name)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


async def refuse_host(
    scope: Scope, refusal: type[GatewayError], hosts: list[bytes], send: Send
) -> None:
    """Answer that `hosts` are not those of this door."""
    headers = dict(scope["headers"])
    language = language_of(headers.get(b"accept-language", b"").decode("latin-1"))
    shown = ", ".join(host.decode("latin-1")[:100] for host in hosts[:2]) or "-"
    error = refusal(host=shown).describe(language, scope["state"]["request_id"])
    body = orjson.dumps({"error": error})
    start = {
        "type": "http.response.start",
        "status": refusal.status,
        "headers": [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})
