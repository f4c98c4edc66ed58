import ipaddress
from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from accounts.clients import Client
from accounts.clients import Scope as ClientScope
from proxy.auth import ScopeMissing

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
# Finds the client of a request by its headers; raises a 401 or 403 GatewayError.
Authenticate = Callable[[Scope], Client]


class AuthMiddleware:
    """Lets only known clients through; the client stands in `request.state.client` then."""

    def __init__(self, app: ASGIApp, authenticate: Authenticate) -> None:
        self._app = app
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            client = self._authenticate(scope)
            scope["state"]["client"] = client
            scope["state"]["client_id"] = client.id
        await self._app(scope, receive, send)


class OpsMiddleware:
    """Lets in whoever comes from one of `networks`; everybody else needs the scope admin."""

    def __init__(
        self, app: ASGIApp, authenticate: Authenticate, networks: Sequence[IpNetwork]
    ) -> None:
        self._app = app
        self._authenticate = authenticate
        self._networks = networks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and not self._from_inside(scope):
            client = self._authenticate(scope)
            scope["state"]["client_id"] = client.id
            if not client.may(ClientScope.ADMIN):
                raise ScopeMissing(client=client.id, scope=ClientScope.ADMIN)
        await self._app(scope, receive, send)

    def _from_inside(self, scope: Scope) -> bool:
        try:
            peer = ipaddress.ip_address((scope.get("client") or ("", 0))[0])
        except ValueError:  # such as "unknown" in a proxy's X-Forwarded-For
            return False
        mapped = getattr(peer, "ipv4_mapped", None)
        peer = mapped or peer
        return any(peer in network for network in self._networks)


def require_scope(request: Request, *scopes: ClientScope) -> Client:
    """The calling client, if it holds one of `scopes`. Raises ScopeMissing."""
    client: Client = request.state.client
    if not client.may(*scopes):
        raise ScopeMissing(client=client.id, scope=" | ".join(scopes))
    return client
