from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from accounts.clients import Client
from accounts.official import Accounts, UnknownAccount
from core.errors import Text
from handlers.accounts import AccountList, AccountsHandler
from handlers.mcp import words
from handlers.mcp.tool import READS_HERE, Told, Tool
from proxy.account_choice import account_name

AccountName = Annotated[
    str | None,
    Field(
        max_length=64,
        description="name or AppID of the official account, from list_accounts; may be left out "
        "where the key has only one",
    ),
]


class NoArguments(BaseModel):
    """Of a tool that needs none."""

    model_config = ConfigDict(extra="forbid")


class ChoosesAccount:
    """Finds the account that a call is about."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def choose(self, request: Request, named: str | None) -> str:
        """Our name of the account: `named`, the one of X-Wxgate-Account, or the client's only one.

        Raises AccountUnnamed, UnknownAccount, AccountLocked.
        """
        client: Client = request.state.client
        wanted = account_name(client, named or request.headers.get("x-wxgate-account", ""))
        if self._accounts.name_of(wanted) not in client.accounts:
            raise UnknownAccount(account=wanted[:64])
        name = self._accounts.get(wanted).name
        request.state.account = name
        return name


class AccountTools:
    """What agents get to know of accounts."""

    def __init__(self, accounts: AccountsHandler) -> None:
        self._accounts = accounts

    def tools(self) -> list[Tool]:
        """The one tool there is."""
        return [
            Tool(
                about=words.LIST_ACCOUNTS,
                takes=NoArguments,
                gives=AccountList,
                effect=READS_HERE,
                run=self._list,
            )
        ]

    async def _list(self, request: Request, _asked: NoArguments) -> Told:
        listed = self._accounts.listed(request.state.client)
        names = ", ".join(item.name for item in listed.items)
        return Told(listed.model_dump(), Text(f"公众号：{names}", f"Accounts: {names}"))
