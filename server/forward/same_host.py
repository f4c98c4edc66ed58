import re
from typing import ClassVar

from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import Category, GatewayError, Text
from handlers.hosts import refuse_host

_PORT = re.compile(rb":[0-9]{1,5}\Z")  # any: Node's https names 80 on a connection that it is given


class HostDiffers(GatewayError):
    """Inside a connection to one host, a request names another."""

    status = 400
    code = "forward_host_differs"
    category: ClassVar[Category] = "params"
    message = Text(
        "Host 请求头与 CONNECT 的主机不同：{host}",
        "the Host header is not the host of the CONNECT: {host}",
    )
    hint = Text("每个主机各开一个连接", "open a connection for each host")


class SameHost:
    """Answers only requests for the very host that the connection was opened for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            opened = scope["state"]["connect_host"].encode()
            hosts = [value for name, value in scope["headers"] if name == b"host"]
            if len(hosts) != 1 or _PORT.sub(b"", hosts[0]).lower() != opened:
                await refuse_host(scope, HostDiffers, hosts, send)
                return
        await self._app(scope, receive, send)
