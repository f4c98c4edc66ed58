from typing import ClassVar

from accounts.clients import AuthError, Client
from core.errors import Category, Text

_NAMED = 10  # accounts in a message


class AccountForbidden(AuthError):
    """X-Wxgate-Account names another account than the token."""

    status = 403
    code = "account_forbidden"
    category: ClassVar[Category] = "permission"
    errcode = 48001
    message = Text(
        "X-Wxgate-Account 与 access_token 的公众号不同",
        "X-Wxgate-Account names another account than the access_token",
    )
    hint = Text("去掉该请求头，或换用对应的 access_token", "drop the header or use that token")


class AccountUnnamed(AuthError):
    """The client may use several accounts and named none."""

    status = 400
    code = "account_unnamed"
    category: ClassVar[Category] = "params"
    errcode = 40013
    message = Text(
        "没有说明使用哪个公众号；可用：{accounts}",
        "no account named, and the client has several: {accounts}",
    )
    hint = Text(
        "加上请求头 X-Wxgate-Account: <账号名或 AppID>；MCP 工具也可用 account 参数",
        "send X-Wxgate-Account: <account name or AppID>; to an MCP tool also the argument account",
    )


def account_name(client: Client, named: str) -> str:
    """What the client calls the account that it means: `named`, or its only one.

    Raises AccountUnnamed.
    """
    if not named and len(client.accounts) > 1:
        raise AccountUnnamed(accounts=", ".join(client.accounts[:_NAMED]))
    return named or client.accounts[0]
