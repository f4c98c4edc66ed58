from accounts.clients import Client, Scope
from core.errors import GatewayError, Text

_PUBLISHING = (Scope.PUBLISH, Scope.MASS)  # writes alone have such a scope


class ApprovalNeeded(GatewayError):
    """What the client publishes has to be approved, which a relayed call cannot wait for."""

    status = 403
    code = "approval_needed"
    category = "permission"
    errcode = 48001
    message = Text(
        "客户端 {client} 的发布须经他人批准，不能直接调用 {path}",
        "what client {client} publishes needs approval: it cannot call {path} itself",
    )
    hint = Text(
        "用 POST /v1/accounts/<账号>/articles 提交（action: publish），再由他人批准",
        "hand it in with POST /v1/accounts/<account>/articles (action: publish) for approval",
    )


def check_approval(client: Client, scope: Scope, path: str) -> None:
    """Raises ApprovalNeeded if a relayed call of that scope would publish past all approval."""
    if client.approve_publish and scope in _PUBLISHING:
        raise ApprovalNeeded(client=client.id, path=path)
