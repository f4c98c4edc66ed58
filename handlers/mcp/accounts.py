from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from core.errors import Text
from handlers.accounts import AccountList, AccountsHandler
from handlers.mcp import words
from handlers.mcp.tool import READS_HERE, Told, Tool

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
