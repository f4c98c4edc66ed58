"""Whether whoever handed a job in may still have it done (contract §2: what counts is now)."""

from collections.abc import Callable

from accounts.clients import Client, Scope
from core.errors import GatewayError, Text
from jobs.claim import Claim, Done, EndRun
from jobs.failures import stored_error
from jobs.states import State
from store.jobs import JobRow

# The client of that id while it is live: neither removed nor disabled nor expired.
LiveClient = Callable[[str], Client | None]

_GONE = Text("已删除、停用或到期", "was removed, disabled or has expired")
_NO_ACCOUNT = Text("不能再用这个公众号", "may use the account no more")
_NO_SCOPE = Text("不再有所需的权限", "has no more the scope for it")
_UNAPPROVED = Text("的发布现在须经批准", "needs approval now for what it publishes")


# What a client needs for a job, by the job's action.
SCOPES = {
    "draft": Scope.DRAFT,
    "publish": Scope.PUBLISH,
    "mass_send": Scope.MASS,
    "material": Scope.MATERIAL,
}


def needs_approval(client: Client, action: str) -> bool:
    """Whether somebody else has to approve it: every mass send, and what the client publishes."""
    return action == "mass_send" or (action == "publish" and client.approve_publish)


class ClientGone(GatewayError):
    """The client of a job may not do any more what the job is to do."""

    status = 409
    code = "client_gone"
    category = "permission"
    message = Text(
        "任务在下一步发往微信之前停下了：客户端 {client} {reason}",
        "stopped before its next step was sent: client {client} {reason_en}",
    )
    hint = Text(
        "仍要做时，由有 admin 权限的密钥 /retry（此后以它的权限继续），"
        "或恢复该客户端后由它自己 /retry；不做就不用管",
        "if it is still wanted, a key with the scope admin may /retry it, under its own rights "
        "from then on, or the client itself once it is back; else leave it",
    )


def answerable(row: JobRow) -> str:
    """The id of the client that answers for the job: who retried it last, else who made it."""
    return str(row.checkpoint.get("answerable", row.client_id))


def check_rights(claim: Claim, live: LiveClient) -> None:
    """Raise EndRun if nothing more may be sent for the job: a person has to decide."""
    client_id = answerable(claim.row)
    reason = _objection(claim.row, live(client_id))
    if reason is not None:
        exc = ClientGone(client=client_id, reason=reason.zh, reason_en=reason.en)
        raise EndRun(Done(State.NEEDS_REVIEW, error=stored_error(exc)))


def _objection(row: JobRow, client: Client | None) -> Text | None:
    if client is None:
        return _GONE
    if not client.may(SCOPES[row.action], Scope.ADMIN):
        return _NO_SCOPE
    if row.account not in client.accounts and not client.may(Scope.ADMIN):
        return _NO_ACCOUNT
    approved = row.approval == "given"
    if needs_approval(client, row.action) and not approved:
        return _UNAPPROVED
    return None
