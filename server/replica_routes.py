"""The routes of each role, and those that show the processes of a gateway."""

from collections.abc import Container, Sequence

from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from accounts.audit import AuditLog
from core.errors import GatewayError, Text
from handlers import replicas_operations as about
from handlers.openapi import ApiRoute
from handlers.replicas import ReplicasHandler
from server.replicas import Fellowship
from server.roles import Role


class OtherRole(GatewayError):
    """Another process of the gateway answers that."""

    status = 404
    code = "other_role"
    category = "gateway"
    level = "warning"
    message = Text("本进程的角色是 {role}，不应答这个路径", "this process is {role}: not its path")
    hint = Text(
        "由反向代理把转发路径交给 --role relay，其余交给 --role api",
        "let the reverse proxy send relayed paths to --role relay and all others to --role api",
    )


def routes_of(
    role: Role, relay: BaseRoute, ours: Sequence[BaseRoute], *, always: Sequence[BaseRoute]
) -> list[BaseRoute]:
    """What a process of that role answers; what is another one's is said to be."""
    routes = [*([relay] if role.relays else []), *always, *(ours if role.serves_api else [])]
    if role is not Role.ALL:
        routes.append(Route("/{path:path}", _Elsewhere(role)))
    return routes


class RelayRoute(BaseRoute):
    """All paths that begin with one of `segments`: WeChat's, and the prefixes of the relay."""

    def __init__(self, relay: ASGIApp, segments: Container[str]) -> None:
        self._relay = relay
        self._segments = segments

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """By the first segment; the relay itself reads the raw path."""
        segment = scope["path"][1:].partition("/")[0]  # of `OPTIONS *` too
        if scope["type"] == "http" and segment in self._segments:
            return Match.FULL, {}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the call over."""
        await self._relay(scope, receive, send)


class _Elsewhere:
    def __init__(self, role: Role) -> None:
        self._role = role

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        raise OtherRole(role=self._role.value)


def replica_routes(us: Fellowship, audit: AuditLog) -> list[ApiRoute]:
    """`/v1/admin/replicas`."""
    replicas = ReplicasHandler(us.replicas, audit)
    one = "/admin/replicas/{replica_id}"
    return [
        ApiRoute("GET", "/admin/replicas", replicas.list, about.REPLICAS),
        ApiRoute("POST", f"{one}/restart", replicas.restart, about.RESTART),
    ]
