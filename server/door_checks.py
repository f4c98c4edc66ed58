"""What the doctor tells of the doors that an operator has opened beside the relay and /v1."""

from collections.abc import Iterable, Iterator

from accounts.clients import Client, Scope
from core.errors import Text
from server.findings import Finding, ok, warn
from server.settings import Settings


def door_checks(settings: Settings) -> Iterator[Finding]:
    """Where each of them is and who may go in, as far as the configuration knows."""
    url = settings.server.public_url.rstrip("/")
    drafting = [client for client in settings.clients if client.may(Scope.DRAFT)]
    if settings.wenyan.enabled:
        yield _wenyan(url, drafting)
    if settings.mcp.enabled:
        yield _mcp(url, settings.clients)


def _wenyan(url: str, drafting: Iterable[Client]) -> Finding:
    names = _names(drafting)
    if not names:
        return warn(
            "wenyan",
            Text(
                "已打开，但配置文件里没有客户端有 draft 权限",
                "switched on, but no client of the configuration has the scope draft",
            ),
            Text(
                '给它的客户端写 scopes = ["draft"]，或 wxgate clients add',
                '[[clients]] scopes = ["draft"], or wxgate clients add',
            ),
        )
    return ok(
        "wenyan",
        f"wenyan publish --server {url}/wenyan；可用的客户端：{names}",
        f"wenyan publish --server {url}/wenyan, for: {names}",
    )


def _mcp(url: str, clients: Iterable[Client]) -> Finding:
    alone = (
        client for client in clients if client.may(Scope.PUBLISH) and not client.approve_publish
    )
    names = _names(alone) or "-"
    return ok(
        "mcp",
        f"AI 代理连 {url}/mcp；不经批准就能发布的客户端：{names}",
        f"agents connect to {url}/mcp; clients that publish without approval: {names}",
    )


def _names(clients: Iterable[Client]) -> str:
    return ", ".join(client.id for client in clients)
